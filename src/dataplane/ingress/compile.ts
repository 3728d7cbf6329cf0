import { createHash } from 'node:crypto'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Ingress, IngressBackend } from '../../api/kinds/ingress.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Service } from '../../api/kinds/service.ts'
import { objectKey, type ObjectKey } from '../../api/object.ts'
import { backendText, serverOptions, type BackendPlan } from './backend-text.ts'
import { uncovered, type Certificate } from './certificates.ts'
import type { SecretCertificate } from './certificate-store.ts'
import type { Backend, BackendName, Description, MapName, ShownCertificate } from './description.ts'
import { portOf, type Address, type PortReference } from './endpoints.ts'
import { chainOf, loopsOf, outsideNameOf, serversOf, type EndpointSource } from './endpoint-source.ts'
import type { ExternalAddresses } from './external-names.ts'
import { usersOf } from './htpasswd.ts'
import { mainText, type MainSettings } from './main-text.ts'
import { anyHost } from './owners.ts'
import type { Problem } from './problem.ts'
import { routingOf, type CanaryRoute, type CertificateClaim, type Route } from './routes.ts'
import type { Settings } from './settings.ts'

/** What the API says, as far as it concerns Ingresses. */
export interface IngressWorld {
  /** Those that are ours to serve. */
  readonly ingresses: readonly Ingress[]
  service(key: ObjectKey): Service | undefined
  secret(key: ObjectKey): Secret | undefined
  slicesOf(service: ObjectKey): readonly EndpointSlice[]
  certificate(key: ObjectKey): SecretCertificate
  /** Where a name outside of the cluster leads. */
  externalName(name: string): ExternalAddresses
  /** Whether whoever connects there comes to this ingress itself. */
  isOwn(address: Address): boolean
  /** What the names of the cluster's Services end with, such as `cluster.local`. */
  readonly clusterDomain: string
}

/** Backends that HAProxy has refused, and what it said. */
export type Refused = ReadonlyMap<BackendName, string>

export interface Compiled {
  readonly description: Description
  readonly problems: readonly Problem[]
  /** Whose endpoints they are: what to compile again when those change. */
  readonly sources: ReadonlyMap<BackendName, EndpointSource>
  /** The Secrets that Ingresses name, whether there are any or not. */
  readonly secrets: ReadonlySet<ObjectKey>
}

/** Everything that HAProxy is to do for the Ingresses. Pure; equal worlds give equal descriptions. */
export function compile(world: IngressWorld, settings: MainSettings, refused: Refused): Compiled {
  return new Compilation(world, refused).compile(settings)
}

class Compilation {
  readonly #world: IngressWorld
  readonly #refused: Refused
  readonly #backends = new Map<BackendName, Backend>()
  readonly #sources = new Map<BackendName, EndpointSource>()
  readonly #secrets = new Set<ObjectKey>()
  readonly #problems: Problem[] = []
  readonly #canaries: string[] = []
  readonly #maps: Record<MapName, Map<string, string>> = {
    hosts: new Map(),
    exact: new Map(),
    prefixes: new Map(),
    defaults: new Map(),
    canaries: new Map(),
  }

  constructor(world: IngressWorld, refused: Refused) {
    this.#world = world
    this.#refused = refused
  }

  compile(settings: MainSettings): Compiled {
    const { routes, certificates, problems } = routingOf(this.#world.ingresses)
    this.#problems.push(...problems)
    for (const route of routes) this.#addRoute(route)
    this.#checkLoops()
    const shown = this.#shown(certificates)
    const servers = new Map([...this.#sources].map(([name, source]) => [name, serversOf(this.#world, source)]))
    const main = mainText(settings, [...new Set(this.#canaries)].sort())
    const description = { main, backends: this.#backends, servers, maps: this.#maps, certificates: shown }
    return { description, problems: this.#problems, sources: this.#sources, secrets: this.#secrets }
  }

  #addRoute(route: Route): void {
    const { host, match, path } = route
    const canary = route.canary === undefined ? undefined : this.#addBackend(route.canary, path, undefined)
    const name = this.#addBackend(route, path, canary)
    if (host !== anyHost) this.#maps.hosts.set(host, host)
    if (canary !== undefined && route.canary !== undefined) this.#addCanary(name, canary, route.canary)
    switch (match) {
      case 'exact':
        return void this.#maps.exact.set(`${host}${path}`, name)
      case 'prefix':
        return void this.#maps.prefixes.set(`${host}${path}/`, name)
      case 'default':
        return void this.#maps.defaults.set(host, name)
      default:
        return match satisfies never
    }
  }

  #addCanary(name: BackendName, canary: BackendName, { weight, header }: CanaryRoute): void {
    this.#maps.canaries.set(name, String(weight))
    const isMain = `{ var(txn.backend) -m str ${name} }`
    const lead = `http-request set-var(txn.canary) str(${canary}) if ${isMain}`
    if (header === undefined) this.#canaries.push(`${lead} { rand(100),sub(txn.weight) -m int lt 0 }`)
    else {
      const says = (word: string) => `{ req.hdr(${header}) -m str ${word} }`
      this.#canaries.push(`${lead} ${says('always')}`)
      this.#canaries.push(`${lead} !${says('always')} !${says('never')} { rand(100),sub(txn.weight) -m int lt 0 }`)
    }
  }

  /** The name that a backend has comes of all that it is, so that routes that want the same share one. */
  #addBackend({ ingress, backend, settings }: BackendOf, prefix: string, canary: BackendName | undefined): BackendName {
    const { name = '', port = {} } = backend.service ?? {}
    const { namespace = '' } = ingress.metadata
    const key = objectKey(namespace, name)
    const service = this.#world.service(key)
    this.#checkService(ingress, { key, service, port })
    const number = (service === undefined ? undefined : portOf(service, port)?.port) ?? port.number ?? port.name ?? ''
    const plan: BackendPlan = {
      service: key,
      port: String(number),
      settings,
      ...(settings.rewriteTarget === undefined ? {} : { prefix }),
      ...(settings.auth === undefined ? {} : { users: this.#users(ingress, settings.auth.secret) }),
      ...affinityOf(service),
    }
    const { service: _service, port: _port, ...special } = plan
    const traits = canary === undefined && Object.keys(settings).length === 0 && plan.affinitySeconds === undefined ? '' : `_${digest([special, canary])}`
    const backendName = `${namespace}_${name}_${number}${traits}`
    const reason = this.#refused.get(backendName)
    if (reason !== undefined) this.#complain(ingress, 'RefusedByHAProxy', `the backend of Service ${key} is not served: ${reason}`)
    else this.#putBackend(backendName, plan, ingress)
    this.#sources.set(backendName, { service: key, port })
    return backendName
  }

  #putBackend(name: BackendName, plan: BackendPlan, ingress: Ingress): void {
    const known = this.#backends.get(name)
    if (known === undefined) {
      const text = backendText(name, plan)
      this.#backends.set(name, { text, serverOptions: serverOptions(plan.settings), ingresses: [ingress] })
    } else if (!known.ingresses.includes(ingress)) {
      this.#backends.set(name, { ...known, ingresses: [...known.ingresses, ingress] })
    }
  }

  #checkService(ingress: Ingress, { key, service, port }: { key: ObjectKey; service: Service | undefined; port: PortReference }): void {
    if (service === undefined) return this.#complain(ingress, 'ServiceNotFound', `there is no Service ${key}`)
    if (service.spec.type === 'ExternalName') return this.#checkName(ingress, key)
    if (portOf(service, port) !== undefined) return
    this.#complain(ingress, 'ServiceNotFound', `Service ${key} has no TCP port ${port.name ?? port.number}`)
  }

  #checkName(ingress: Ingress, key: ObjectKey): void {
    const last = chainOf(this.#world, key).at(-1) ?? key
    if (this.#world.service(last) === undefined) return this.#complain(ingress, 'ServiceNotFound', `there is no Service ${last}, which Service ${key} leads to`)
    const name = outsideNameOf(this.#world, key)
    const { problem } = name === undefined ? {} : this.#world.externalName(name)
    if (problem !== undefined) this.#complain(ingress, 'NameNotResolved', `the name ${name} of Service ${key} leads nowhere: ${problem}`)
  }

  #checkLoops(): void {
    for (const [name, source] of this.#sources) {
      const loops = loopsOf(this.#world, source)
      if (loops.length === 0) continue
      const message =
        `Service ${source.service} leads to ${loops.join(', ')}, which is this ingress itself: requests would go round and round, so none is sent there; ` +
        'lead to the Service whose pods are to answer'
      for (const ingress of this.#backends.get(name)?.ingresses ?? []) this.#complain(ingress, 'RequestLoop', message)
    }
  }

  #users(ingress: Ingress, secretName: string) {
    const key = objectKey(ingress.metadata.namespace, secretName)
    this.#secrets.add(key)
    const secret = this.#world.secret(key)
    const found = secret === undefined ? { problem: 'there is no such Secret' } : usersOf(secret)
    if (!('problem' in found)) return found.users
    const reason = secret === undefined ? 'SecretNotFound' : 'InvalidAnnotation'
    this.#complain(ingress, reason, `nobody is let in, because the users in Secret ${key} cannot be used: ${found.problem}`)
    return []
  }

  #shown(claims: readonly CertificateClaim[]): ReadonlyMap<string, ShownCertificate> {
    const shown = new Map<string, ShownCertificate>()
    for (const claim of claims) {
      const certificate = this.#certificateOf(claim)
      if (certificate === undefined || claim.hosts.length === 0) continue
      const file = certificateFile(claim)
      const { hosts = [], ingresses = [] } = shown.get(file) ?? {}
      const all = [...new Set([...hosts, ...claim.hosts])].sort()
      shown.set(file, { pem: certificate.pem, hosts: all, ingresses: [...ingresses, claim.ingress] })
    }
    return new Map([...shown].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #certificateOf(claim: CertificateClaim): Certificate | undefined {
    const { ingress, secretName, hosts } = claim
    const key = objectKey(ingress.metadata.namespace, secretName)
    this.#secrets.add(key)
    const { certificate, problem } = this.#world.certificate(key)
    if (problem !== undefined) this.#complainOfSecret(claim, problem, certificate)
    if (certificate === undefined) return undefined
    const missing = uncovered(certificate, hosts)
    if (missing.length > 0) this.#complain(ingress, 'CertificateMismatch', `the certificate in Secret ${key} is not for ${missing.join(', ')}`)
    return certificate
  }

  #complainOfSecret({ ingress, secretName, hosts }: CertificateClaim, problem: string, last: Certificate | undefined): void {
    const key = objectKey(ingress.metadata.namespace, secretName)
    const reason = this.#world.secret(key) === undefined ? 'SecretNotFound' : 'InvalidCertificate'
    const instead = last === undefined ? 'the default certificate is shown' : 'the one from before stays in use'
    this.#complain(ingress, reason, `Secret ${key} cannot be used for ${hosts.join(', ')}: ${problem}; ${instead}`)
  }

  #complain(ingress: Ingress, reason: Problem['reason'], message: string): void {
    this.#problems.push({ ingress, reason, message })
  }
}

type BackendOf = { readonly ingress: Ingress; readonly backend: IngressBackend; readonly settings: Settings }

function certificateFile({ ingress, secretName }: CertificateClaim): string {
  return `${ingress.metadata.namespace}_${secretName}.pem`
}

/** Upstream's default of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const defaultAffinitySeconds = 10_800

function affinityOf(service: Service | undefined): Pick<BackendPlan, 'affinitySeconds'> {
  if (service?.spec.sessionAffinity !== 'ClientIP') return {}
  return { affinitySeconds: service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
}
