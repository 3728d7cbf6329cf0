import type { Ingress } from '../../api/kinds/ingress.ts'

/** What requests to hosts without rules of their own are matched with. No host has this name. */
export const anyHost = '-'

/** What decides between Ingresses that want the same: the oldest has it, and of equally old ones the first by name. */
export function byAge(a: Ingress, b: Ingress): number {
  return compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compare(nameOf(a), nameOf(b))
}

/** `default/web`. */
export function nameOf({ metadata }: Ingress): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** The Ingress that had it first. */
export interface Owner {
  readonly ingress: Ingress
  readonly sharesWith: readonly string[]
}

/**
 * To whom hosts belong: the namespace of the oldest Ingress that names one has it for itself, and a wildcard host has
 * all its hosts. Otherwise anybody who may write Ingresses somewhere could take over logins of another's site, path by
 * path. An owner may share.
 */
export class HostOwners {
  readonly #owners = new Map<string, Owner>()

  /** To be called for the older Ingress first. The owner, if the host is another namespace's and not shared. */
  claim(host: string, claimant: Owner): Owner | undefined {
    const owner = this.#owners.get(host) ?? this.#owners.get(wildcardOf(host))
    if (!this.#owners.has(host) && (owner === undefined || mayShare(owner, claimant))) this.#owners.set(host, owner ?? claimant)
    return owner === undefined || mayShare(owner, claimant) ? undefined : owner
  }
}

/** `*.example.com` for `a.example.com`: one label may stand for the asterisk, as in certificates. */
export function wildcardOf(host: string): string {
  return host.replace(/^[^.]*/, '*')
}

function mayShare({ ingress, sharesWith }: Owner, claimant: Owner): boolean {
  const { namespace = '' } = claimant.ingress.metadata
  return ingress.metadata.namespace === namespace || sharesWith.includes(namespace)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
