import type { Ingress, IngressBackend } from '../../api/kinds/ingress.ts'
import { isDNS1123Subdomain, isWildcardDNS1123Subdomain } from '../../api/names.ts'
import { wishesOf } from './annotations.ts'
import { anyHost, byAge, HostOwners, nameOf } from './owners.ts'
import { pathOf, type RulePath } from './paths.ts'
import type { Problem, Reason } from './problem.ts'
import type { Canary, Settings, Wishes } from './settings.ts'

/** What requests are led by: a host, or a wildcard of one label, or any; and a path, or what no path matches. */
export interface Route extends RulePath {
  readonly host: string
  readonly ingress: Ingress
  readonly backend: IngressBackend
  readonly settings: Settings
  readonly canary?: CanaryRoute
}

/** Who takes a part of the requests of a route. */
export interface CanaryRoute extends Canary {
  readonly ingress: Ingress
  readonly backend: IngressBackend
  readonly settings: Settings
}

/** A Secret whose certificate is shown to those who ask for one of the hosts. */
export interface CertificateClaim {
  readonly ingress: Ingress
  readonly secretName: string
  readonly hosts: readonly string[]
}

export interface Routing {
  readonly routes: readonly Route[]
  readonly certificates: readonly CertificateClaim[]
  readonly problems: readonly Problem[]
}

/**
 * Merges the rules of Ingresses. Of two that want the same path of a host the older one has it; a host belongs to a
 * namespace. Pure, and blind to the order of what it is given.
 */
export function routingOf(ingresses: readonly Ingress[]): Routing {
  const merge = new Merge()
  const wished = [...ingresses].sort(byAge).map((ingress) => ({ ingress, wishes: merge.wishesOf(ingress) }))
  for (const each of wished) merge.claimHosts(each)
  const [canaries, others] = [wished.filter(isCanary), wished.filter((each) => !isCanary(each))]
  for (const each of others) merge.addRules(each)
  // An Ingress without rules is for nothing else than to be the default.
  for (const each of others.filter(({ ingress }) => hasNoRules(ingress))) merge.addDefault(each)
  for (const each of others.filter(({ ingress }) => !hasNoRules(ingress))) merge.addDefault(each)
  for (const each of canaries) merge.addCanary(each)
  for (const each of wished) merge.addCertificates(each)
  return merge.routing()
}

interface Wished {
  readonly ingress: Ingress
  readonly wishes: Wishes
}

function isCanary({ wishes }: Wished): boolean {
  return wishes.canary !== undefined
}

function hasNoRules({ spec }: Ingress): boolean {
  return (spec.rules ?? []).length === 0
}

/** The hosts of its rules. */
function hostsOf({ spec }: Ingress): readonly string[] {
  return [...new Set((spec.rules ?? []).map(({ host = '' }) => (host === '' ? anyHost : host)))]
}

function certificateHosts(ingress: Ingress): readonly string[] {
  return (ingress.spec.tls ?? []).flatMap(({ hosts = [] }) => hosts)
}

function isHost(host: string): boolean {
  return (host.startsWith('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host)).length === 0
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

class Merge {
  readonly #routes = new Map<string, Route>()
  readonly #certificates: CertificateClaim[] = []
  readonly #certified = new Map<string, CertificateClaim>()
  readonly #owners = new HostOwners()
  /** Hosts that an Ingress may not use, as `namespace/name host`. */
  readonly #denied = new Set<string>()
  readonly #problems: Problem[] = []

  wishesOf(ingress: Ingress): Wishes {
    const { wishes, problems } = wishesOf(ingress.metadata.annotations ?? {})
    for (const problem of problems) this.#complain(ingress, 'InvalidAnnotation', problem)
    return wishes
  }

  claimHosts({ ingress, wishes }: Wished): void {
    for (const host of new Set([...hostsOf(ingress), ...certificateHosts(ingress)])) {
      if (host === anyHost) continue
      if (!isHost(host)) {
        this.#deny(ingress, host)
        this.#complain(ingress, 'InvalidHost', `host ${quoted(host)} is not a name such as "example.com" or "*.example.com"`)
        continue
      }
      const owner = this.#owners.claim(host, { ingress, sharesWith: wishes.sharesHostsWith })
      if (owner === undefined) continue
      this.#deny(ingress, host)
      this.#complain(ingress, 'HostConflict', `host ${host} belongs to Ingress ${nameOf(owner.ingress)}, which does not share it`)
    }
  }

  addRules({ ingress, wishes }: Wished): void {
    this.#eachPath(ingress, (host, path, backend) => {
      const route = { host, ...path, ingress, backend, settings: wishes.settings }
      const older = this.#routes.get(keyOf(route))
      if (older === undefined) this.#routes.set(keyOf(route), route)
      else if (!leadsTheSame(older, route)) {
        this.#complain(ingress, 'PathConflict', `${describe(route)} is served by Ingress ${nameOf(older.ingress)}`)
      }
    })
  }

  /** The default backend serves what no path matches: of the hosts of the Ingress, and of hosts without rules. */
  addDefault({ ingress, wishes }: Wished): void {
    const { defaultBackend: backend } = ingress.spec
    if (backend === undefined || !this.#isService(ingress, backend)) return
    for (const host of new Set([...hostsOf(ingress), anyHost])) {
      if (this.#isDenied(ingress, host)) continue
      const route: Route = { host, match: 'default', path: '', ingress, backend, settings: wishes.settings }
      const older = this.#routes.get(keyOf(route))
      if (older === undefined) this.#routes.set(keyOf(route), route)
      else if (hasNoRules(ingress)) {
        this.#complain(ingress, 'PathConflict', `the default backend is that of Ingress ${nameOf(older.ingress)}`)
      }
    }
  }

  addCanary({ ingress, wishes: { canary, settings } }: Wished): void {
    if (canary === undefined) return
    this.#eachPath(ingress, (host, path, backend) => {
      const main = this.#routes.get(keyOf({ host, ...path }))
      const where = describe({ host, ...path })
      if (main === undefined || main.ingress.metadata.namespace !== ingress.metadata.namespace) {
        this.#complain(ingress, 'InvalidCanary', `no other Ingress of the namespace serves ${where}`)
      } else if (main.canary !== undefined) {
        this.#complain(ingress, 'InvalidCanary', `${where} has a canary already: Ingress ${nameOf(main.canary.ingress)}`)
      } else {
        this.#routes.set(keyOf(main), { ...main, canary: { ...canary, ingress, backend, settings } })
      }
    })
  }

  addCertificates({ ingress }: Wished): void {
    for (const { hosts = [], secretName = '' } of ingress.spec.tls ?? []) {
      if (secretName === '') continue // the default certificate is meant
      const named = hosts.length > 0 ? hosts : hostsOf(ingress).filter((host) => host !== anyHost)
      const free = named.filter((host) => !this.#isDenied(ingress, host) && this.#isFree(ingress, host, secretName))
      const claim = { ingress, secretName, hosts: free }
      for (const host of free) this.#certified.set(host, claim)
      this.#certificates.push(claim)
    }
  }

  routing(): Routing {
    return { routes: [...this.#routes.values()], certificates: this.#certificates, problems: this.#problems }
  }

  #isFree(ingress: Ingress, host: string, secretName: string): boolean {
    const older = this.#certified.get(host)
    if (older === undefined) return true
    const isSame = older.secretName === secretName && older.ingress.metadata.namespace === ingress.metadata.namespace
    if (isSame) return true
    const whose = `Secret ${older.secretName} of Ingress ${nameOf(older.ingress)}`
    this.#complain(ingress, 'CertificateConflict', `host ${host} has the certificate of ${whose}`)
    return false
  }

  #eachPath(ingress: Ingress, take: (host: string, path: RulePath, backend: IngressBackend) => void): void {
    for (const { host: named = '', http } of ingress.spec.rules ?? []) {
      const host = named === '' ? anyHost : named
      if (this.#isDenied(ingress, host)) continue
      for (const { path = '', pathType, backend } of http?.paths ?? []) {
        const parsed = pathOf(path, pathType)
        if ('problem' in parsed) this.#complain(ingress, 'InvalidPath', parsed.problem)
        else if (this.#isService(ingress, backend)) take(host, parsed, backend)
      }
    }
  }

  #isService(ingress: Ingress, { service, resource }: IngressBackend): boolean {
    if (service !== undefined) return this.#isNamed(ingress, service)
    const what = resource === undefined ? 'nothing' : `${resource.kind} ${resource.name}`
    this.#complain(ingress, 'UnsupportedBackend', `a backend is ${what}: only Services can be served`)
    return false
  }

  /** Whatever API this comes from: no more than a name reaches HAProxy. */
  #isNamed(ingress: Ingress, { name, port = {} }: NonNullable<IngressBackend['service']>): boolean {
    const wrong = [name, port.name ?? ''].find((text) => !/^[A-Za-z0-9.-]{0,253}$/.test(text))
    if (wrong !== undefined) this.#complain(ingress, 'UnsupportedBackend', `${quoted(wrong)} is not the name of a Service or a port`)
    return wrong === undefined
  }

  #deny(ingress: Ingress, host: string): void {
    this.#denied.add(`${nameOf(ingress)} ${host}`)
  }

  #isDenied(ingress: Ingress, host: string): boolean {
    return this.#denied.has(`${nameOf(ingress)} ${host}`)
  }

  #complain(ingress: Ingress, reason: Reason, message: string): void {
    this.#problems.push({ ingress, reason, message })
  }
}

function keyOf({ host, match, path }: Pick<Route, 'host' | 'match' | 'path'>): string {
  return `${match} ${host}${path}`
}

function leadsTheSame(one: Route, other: Route): boolean {
  const [a, b] = [one, other].map(({ ingress, backend }) => JSON.stringify([ingress.metadata.uid, backend]))
  return a === b
}

function describe({ host, match, path }: Pick<Route, 'host' | 'match' | 'path'>): string {
  const of = host === anyHost ? 'any host' : `host ${host}`
  return `path ${path === '' ? '/' : path} (${match === 'exact' ? 'Exact' : 'Prefix'}) of ${of}`
}
