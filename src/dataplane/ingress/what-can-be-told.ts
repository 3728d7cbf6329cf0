import type { BackendName, Description } from './description.ts'

/**
 * Of a description that takes another process, what the one that runs can do already: certificates, and the routes of
 * those hosts whose backends it all has as they are to be. A host has all of its new routes or none: some of them alone
 * might lead past a rule, as when a path is to ask for a password and the rest of its host is not. Pure.
 */
export function whatCanBeTold(last: Description, next: Description): Description {
  const has = (name: BackendName) => {
    const [before, after] = [last.backends.get(name), next.backends.get(name)]
    return before !== undefined && before.text === after?.text && before.serverOptions === after.serverOptions
  }
  const routes = [next.maps.exact, next.maps.prefixes, next.maps.defaults].flatMap((map) => [...map])
  const waiting = new Set(routes.filter(([, backend]) => !has(backend)).map(([key]) => hostOf(key)))
  const merged = (name: 'hosts' | 'exact' | 'prefixes' | 'defaults') =>
    new Map([...[...last.maps[name]].filter(([key]) => waiting.has(hostOf(key))), ...[...next.maps[name]].filter(([key]) => !waiting.has(hostOf(key)))])
  return {
    ...last,
    maps: {
      hosts: merged('hosts'),
      exact: merged('exact'),
      prefixes: merged('prefixes'),
      defaults: merged('defaults'),
      canaries: new Map([...last.maps.canaries, ...[...next.maps.canaries].filter(([backend]) => has(backend))]),
    },
    certificates: next.certificates,
  }
}

/** No host has a slash in it. */
function hostOf(key: string): string {
  return key.split('/', 1).join()
}
