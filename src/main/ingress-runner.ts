import { availableParallelism, networkInterfaces } from 'node:os'
import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { IngressClass } from '../api/kinds/ingress-class.ts'
import type { Ingress } from '../api/kinds/ingress.ts'
import { Secrets } from '../api/kinds/secret.ts'
import type { Service } from '../api/kinds/service.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { EventBroadcaster } from '../client/event-recorder.ts'
import { informer } from '../client/informer.ts'
import { runControllers } from '../client/run-controllers.ts'
import { Haproxy } from '../dataplane/ingress/haproxy.ts'
import { IngressProxy } from '../dataplane/ingress/ingress-proxy.ts'
import type { MainSettings } from '../dataplane/ingress/main-text.ts'
import { ingressStatusController } from '../dataplane/ingress/status-controller.ts'
import { type OutsideNamesOptions, outsideNames } from './outside-names.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'

export interface IngressRunDeps {
  readonly client: Client
  readonly ingresses: Cache<Ingress>
  readonly classes: Cache<IngressClass>
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly settings: Pick<MainSettings, 'addresses' | 'relayedAt' | 'ports' | 'directory' | 'accessLog' | 'metrics' | 'metricsAt'>
  /** Certificate and key in PEM. */
  readonly defaultCertificate: string
  /** What Ingresses say where they are reached; nothing is said if there are none. */
  readonly publicAddresses: readonly string[]
  readonly clusterDomain: string
  /** Who is asked about names outside of the cluster. */
  readonly nameServersFor: OutsideNamesOptions['serversFor']
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

export interface RunningIngress {
  readonly proxy: IngressProxy
  /** Resolves when the signal has aborted and everything has ended, HAProxy too. */
  readonly ended: Promise<void>
}

const lastWordsMs = 2_000

/** HAProxy, what keeps it up to date, and what tells of it in the API, until the signal aborts. */
export function runIngress(deps: IngressRunDeps): RunningIngress {
  const { client, clock, log, signal, ingresses, classes, publicAddresses } = deps
  const live = { log, clock, signal }
  const events = new EventBroadcaster({ client, clock, log })
  const haproxy = new Haproxy({
    processes,
    clock,
    log,
    directory: deps.settings.directory,
    defaultCertificate: deps.defaultCertificate,
    onRequest: (line) => void process.stdout.write(`${line}\n`),
    onEnd: () => proxy.haproxyEnded(),
  })
  const proxy = new IngressProxy({
    ...deps,
    secrets: () => informer(client, Secrets, live),
    haproxy,
    settings: { ...deps.settings, threads: Math.min(2, availableParallelism()) },
    events: events.recorder('portolan-ingress'),
    localAddresses: localIPv4Addresses,
    resolve: outsideNames({ serversFor: deps.nameServersFor, signal }),
  })
  const status = ingressStatusController({ client, ingresses, classes, proxy, addresses: publicAddresses })
  const controllers = publicAddresses.length === 0 ? [] : [status]
  return { proxy, ended: run() }

  async function run(): Promise<void> {
    await Promise.all([runControllers(controllers, live), untilAborted(signal)])
    await proxy.stop()
    // What is still to be told is told if the API is there to hear it.
    await Promise.race([events.idle(), clock.sleep(lastWordsMs)])
  }
}

function localIPv4Addresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address))
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
