import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import { ApplyLoop } from '../../base/apply-loop.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Cache } from '../../client/cache.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { FollowedSlices, type SliceVersions } from '../../client/followed-slices.ts'
import { SlicesByService } from '../../client/slices-by-service.ts'
import { annotationPrefix } from './annotations.ts'
import { CertificateStore } from './certificate-store.ts'
import { isOurs } from './classes.ts'
import { compile, type Compiled, type IngressWorld } from './compile.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import type { BackendName } from './description.ts'
import { chainOf, outsideNameOf, serversOf, type EndpointSource } from './endpoint-source.ts'
import { ExternalNames, type ExternalNamesDeps } from './external-names.ts'
import type { Applied, Haproxy } from './haproxy.ts'
import type { MainSettings } from './main-text.ts'
import { ownAddresses, type OwnAddressesOptions } from './own-addresses.ts'
import { ProblemEvents } from './problem-events.ts'
import { switchesOf } from './switches.ts'

export interface IngressProxyDeps extends Omit<OwnAddressesOptions, 'settings'> {
  readonly ingresses: Cache<Ingress>
  readonly classes: Cache<IngressClass>
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  /** Called when an Ingress first names a Secret: until then none is read. */
  readonly secrets: () => Cache<Secret>
  readonly haproxy: Haproxy
  readonly settings: MainSettings
  readonly events: EventRecorder
  readonly resolve: ExternalNamesDeps['resolve']
  /** What the names of the cluster's Services end with, such as `cluster.local`. */
  readonly clusterDomain: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * A start takes processor time and memory: this many times as long as the last one took, the next one waits; with
 * several processes that still have connections from before, as long for each. So there are never many of them.
 */
const restartPauseFactor = 3

/**
 * Keeps HAProxy doing what the Ingresses of our classes say. Changes that come in one turn of the event loop are applied
 * together, and those that come while others are being applied, after them. While there is no Ingress to serve, there
 * is no HAProxy.
 */
export class IngressProxy implements AsyncDisposable {
  readonly #deps: IngressProxyDeps
  readonly #slices = new SlicesByService()
  readonly #followed: FollowedSlices
  readonly #certificates: CertificateStore
  readonly #externalNames: ExternalNames
  readonly #events: ProblemEvents
  readonly #refused = new Map<string, string>()
  readonly #servedListeners = new Set<() => void>()
  readonly #loop: ApplyLoop
  readonly #isOwn: (address: string) => boolean
  #secrets: Cache<Secret> | undefined
  #endSecrets = () => {}
  /** By uid. */
  #served: ReadonlyMap<ObjectKey, string> = new Map()
  #compiled: Compiled | undefined
  /** Of all backends that a process of HAProxy has: routes to those of before may still be in use. */
  #sources: ReadonlyMap<BackendName, EndpointSource> = new Map()
  /** Whether more has changed than endpoints. */
  #isStale = true
  #changedServices = new Set<ObjectKey>()
  #mayRestartAtMs = 0

  constructor(deps: IngressProxyDeps) {
    const { ingresses, classes, services, slices, clock, log } = deps
    this.#deps = deps
    this.#followed = new FollowedSlices(log)
    this.#events = new ProblemEvents(deps)
    this.#isOwn = ownAddresses(deps)
    this.#certificates = new CertificateStore((key) => this.#secrets?.get(key))
    this.#externalNames = new ExternalNames({ ...deps, onChange: () => this.#becomeStale() })
    this.#loop = new ApplyLoop({
      what: 'the ingress',
      clock,
      ready: Promise.all([ingresses, classes, services, slices].map((cache) => cache.synced)),
      begin: () => this.#begin(),
      apply: (signal) => this.#followed.whenApplied(() => this.#applyOrStartAfresh(signal)),
      failed: (err, retryInMs) => log.error({ err, retryInMs }, 'HAProxy could not be told of a change; what it did before it goes on with'),
    })
  }

  /** Calls back with the slices that requests follow from now on. Returns the function that ends it. */
  onApplied(listener: (slices: SliceVersions) => void): () => void {
    return this.#followed.onApplied(listener)
  }

  /** Whether HAProxy serves it, in this version or an older one. */
  serves({ metadata }: Ingress): boolean {
    return this.#served.get(keyOf({ metadata })) === metadata.uid
  }

  /** Calls back whenever others are served. Returns the function that ends it. */
  onServed(listener: () => void): () => void {
    this.#servedListeners.add(listener)
    return () => this.#servedListeners.delete(listener)
  }

  /** HAProxy has ended without being told to: it is started again. */
  haproxyEnded(): void {
    this.#deps.log.error({}, 'HAProxy has ended; it is started again')
    this.#becomeStale()
  }

  /** Resolves when HAProxy does all that the caches have reported. Rejects if this is stopped before. */
  settled(): Promise<void> {
    return this.#loop.settled()
  }

  /** Ends HAProxy with its connections. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#deps.haproxy.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #begin(): () => Promise<void> {
    const endings = this.#subscribe()
    return async () => {
      for (const end of endings) end()
      this.#endSecrets()
      this.#externalNames.keepOnly(new Set())
    }
  }

  async #applyOrStartAfresh(signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#apply(signal)
    } catch (error) {
      this.#isStale = true
      throw error
    }
  }

  async #apply(signal: AbortSignal): Promise<number | undefined> {
    const ours = this.#ours()
    await this.#loadSecrets(ours, signal)
    const isStale = this.#isStale
    const changed = this.#changedServices
    this.#isStale = false
    this.#changedServices = new Set()
    if (isStale || this.#compiled === undefined) this.#compiled = this.#compile(ours)
    else this.#compiled = this.#withServersOf(this.#compiled, changed)
    return this.#tell(ours, this.#compiled)
  }

  #compile(ingresses: readonly Ingress[]): Compiled {
    const { settings, classes, haproxy } = this.#deps
    const world = this.#world(ingresses)
    const compiled = compile(world, { ...settings, ...switchesOf(classes.list(), settings) }, this.#refused)
    for (const name of this.#refused.keys()) if (!compiled.sources.has(name)) this.#refused.delete(name)
    const before = [...this.#sources].filter(([name]) => !compiled.sources.has(name) && haproxy.has(name))
    this.#sources = new Map([...before, ...compiled.sources])
    const external = [...this.#sources.values()].map(({ service }) => outsideNameOf(world, service))
    this.#externalNames.keepOnly(new Set(external.filter((name) => name !== undefined)))
    this.#events.set(compiled.problems, ingresses)
    return this.#withServersOf(compiled, new Set(before.map(([, { service }]) => service)))
  }

  #withServersOf(compiled: Compiled, services: ReadonlySet<ObjectKey>): Compiled {
    const world = this.#world([])
    const servers = new Map(compiled.description.servers)
    for (const [name, source] of this.#sources) {
      if (chainOf(world, source.service).some((service) => services.has(service))) servers.set(name, serversOf(world, source))
    }
    return { ...compiled, description: { ...compiled.description, servers } }
  }

  #world(ingresses: readonly Ingress[]): IngressWorld {
    const { services } = this.#deps
    return {
      ingresses,
      service: (key) => services.get(key),
      secret: (key) => this.#secrets?.get(key),
      slicesOf: (key) => this.#slices.of(key),
      certificate: (key) => this.#certificates.get(key),
      externalName: (name) => this.#externalNames.get(name),
      isOwn: this.#isOwn,
      clusterDomain: this.#deps.clusterDomain,
    }
  }

  /** Resolves to the milliseconds after which what was postponed has its turn. */
  async #tell(ours: readonly Ingress[], { description, secrets }: Compiled): Promise<number | undefined> {
    const { haproxy, clock, log } = this.#deps
    if (ours.length === 0) {
      await haproxy.stop()
      this.#nowServes(ours)
      return undefined
    }
    const started = clock.monotonicMs()
    const applied = await this.#unlessRefused(() => haproxy.apply(description, { mayRestart: started >= this.#mayRestartAtMs }), description)
    const tookMs = clock.monotonicMs() - started
    this.#certificates.accept(secrets)
    if (applied === 'postponed') return Math.max(this.#mayRestartAtMs - clock.monotonicMs(), 1)
    if (applied === 'restarted') {
      const { retiring } = haproxy
      this.#mayRestartAtMs = clock.monotonicMs() + restartPauseFactor * tookMs * Math.max(1, retiring)
      log.info({ tookMs: Math.round(tookMs), backends: description.backends.size, retiring }, 'HAProxy has a new configuration')
    }
    this.#nowServes(ours)
    return undefined
  }

  /** What HAProxy does not want is left out, and its Ingresses are told; all else goes on without it. */
  async #unlessRefused(apply: () => Promise<Applied>, { certificates }: Compiled['description']): Promise<Applied> {
    try {
      return await apply()
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error
      const { culprits, message } = error
      for (const backend of culprits.backends) this.#refused.set(backend, message)
      for (const file of culprits.certificates) this.#certificates.refuse(certificates.get(file)?.pem ?? '', message)
      throw error
    }
  }

  #nowServes(ours: readonly Ingress[]): void {
    const before = this.#served
    this.#served = new Map(ours.map((ingress) => [keyOf(ingress), ingress.metadata.uid]))
    if (!isDeepStrictEqual(before, this.#served)) for (const listener of this.#servedListeners) listener()
  }

  #ours(): readonly Ingress[] {
    const { ingresses, classes } = this.#deps
    const all = classes.list()
    return ingresses.list().filter((ingress) => ingress.metadata.deletionTimestamp === undefined && isOurs(ingress, all))
  }

  async #loadSecrets(ours: readonly Ingress[], signal: AbortSignal): Promise<void> {
    if (this.#secrets !== undefined || !ours.some(namesSecret)) return
    const secrets = this.#deps.secrets()
    await Promise.race([secrets.synced, onAbort(signal)])
    signal.throwIfAborted()
    this.#secrets = secrets
    this.#endSecrets = secrets.onChange((previous, next) => {
      const concerned = [previous, next].some((secret) => secret !== undefined && this.#compiled?.secrets.has(keyOf(secret)))
      if (concerned) this.#becomeStale()
    })
    this.#isStale = true
  }

  #subscribe(): (() => void)[] {
    const { ingresses, classes, services, slices } = this.#deps
    return [
      ingresses.onChange((previous, next) => {
        // Who writes the status, we among others, changes nothing for us.
        if (previous === undefined || next === undefined || isChanged(previous, next)) this.#becomeStale()
      }),
      classes.onChange(() => this.#becomeStale()),
      services.onChange((previous, next) => {
        const key = keyOf(next ?? previous ?? { metadata: {} })
        const world = this.#world([])
        if ([...this.#sources.values()].some(({ service }) => chainOf(world, service).includes(key))) this.#becomeStale()
      }),
      slices.onChange((previous, next) => this.#onSlice(previous, next)),
    ]
  }

  #onSlice(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    for (const service of this.#slices.change(previous, next)) this.#changedServices.add(service)
    this.#followed.changed(previous, next)
    // There is something to tell, or no more.
    if ([previous, next].some((slice) => slice !== undefined && this.#leadsBack(slice))) this.#isStale = true
    this.#loop.wake()
  }

  #leadsBack({ endpoints, ports }: EndpointSlice): boolean {
    return endpoints.some(({ addresses }) => addresses.some((address) => (ports ?? []).some(({ port }) => this.#isOwn(`${address}:${port}`))))
  }

  #becomeStale(): void {
    this.#isStale = true
    this.#loop.wake()
  }
}

function isChanged(previous: Ingress, next: Ingress): boolean {
  const [before, after] = [previous, next].map(({ metadata, spec }) =>
    JSON.stringify([metadata.uid, metadata.deletionTimestamp, metadata.annotations, spec]),
  )
  return before !== after
}

function namesSecret({ metadata, spec }: Ingress): boolean {
  return (spec.tls ?? []).some(({ secretName = '' }) => secretName !== '') || metadata.annotations?.[`${annotationPrefix}auth-secret`] !== undefined
}

function onAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
