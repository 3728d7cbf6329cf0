/** What a rule matches. A prefix is without the slashes at its end, so that of `/` is ''. */
export interface RulePath {
  readonly match: 'exact' | 'prefix' | 'default'
  readonly path: string
}

/** What can come in the path of a request (RFC 3986, section 3.3). Anything else would match nothing. */
const requestPath = /^\/[A-Za-z0-9/._~%!$&'()*+,;=:@-]*$/

/**
 * The path of a rule. How `ImplementationSpecific` is matched is for us to say: as a prefix; and an asterisk at its end,
 * as old manifests have it, means the same.
 */
export function pathOf(path: string, pathType: string | undefined): RulePath | { readonly problem: string } {
  if (path !== '' && !requestPath.test(path)) {
    return { problem: `path ${JSON.stringify(path.slice(0, 100))} has characters that no request has` }
  }
  switch (pathType) {
    case 'Exact':
      return { match: 'exact', path }
    case 'Prefix':
      return { match: 'prefix', path: withoutSlashes(path) }
    case 'ImplementationSpecific':
    case undefined:
      return { match: 'prefix', path: withoutSlashes(path.replace(/\/\*$/, '/')) }
    default:
      return { problem: `path type ${pathType} is not known` }
  }
}

function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, '')
}
