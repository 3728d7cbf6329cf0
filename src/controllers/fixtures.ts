import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { Nodes, type Node } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import type { ReplicationController } from '../api/kinds/replication-controller.ts'
import type { Service } from '../api/kinds/service.ts'
import type { Draft, KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { silentLog } from '../base/log.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Cache } from '../client/cache.ts'
import type { Controller } from '../client/controller.ts'
import { EventBroadcaster } from '../client/event-recorder.ts'
import { informer } from '../client/informer.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { runControllers } from '../client/run-controllers.ts'

/** Controllers on an API in memory, with real informers and the real runner, and a clock that the test moves. */
export class TestCluster implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly client = new MemoryClient({ now: () => this.clock.now() })
  readonly events = new EventBroadcaster({ client: this.client, clock: this.clock, log: silentLog })
  readonly #ending = new AbortController()
  #running: Promise<void> = Promise.resolve()

  cache<T extends KubeObject>(resource: Resource<T>): Cache<T> {
    const { clock } = this
    return informer(this.client, resource, { log: silentLog, clock, signal: this.#ending.signal })
  }

  run(...controllers: Controller[]): void {
    this.#running = runControllers(controllers, { log: silentLog, clock: this.clock, signal: this.#ending.signal })
  }

  /** Resolves when nothing has been asked of the API for some turns; retries that are due soon are let happen. */
  async quiet(): Promise<void> {
    for (let idleTurns = 0; idleTurns < 20; idleTurns += 1) {
      const before = this.client.calls.length
      await new Promise(setImmediate)
      if (this.client.calls.length !== before) idleTurns = 0
      if ((this.clock.nextTimerMs ?? Infinity) <= 100) this.clock.advance(100)
    }
    await this.events.idle()
  }

  /** Moves the clock and lets everything come to rest. */
  async pass(ms: number): Promise<void> {
    await this.quiet()
    this.clock.advance(ms)
    await this.quiet()
  }

  /** The writes since `from` to one resource, e.g. `create`, `patch status`. */
  writesTo(resource: Resource, from = 0): readonly string[] {
    return this.client.calls
      .slice(from)
      .filter(({ verb, resource: plural }) => plural === resource.plural && !['get', 'list', 'watch'].includes(verb))
      .map(({ verb, subresource }) => (subresource === undefined ? verb : `${verb} ${subresource}`))
  }

  all<T extends KubeObject>(resource: Resource<T>): Promise<readonly T[]> {
    return this.client.list(resource).then(({ items }) => items)
  }

  setPod(name: string, change: { ready?: boolean; nodeName?: string; labels?: Record<string, string> }): void {
    const present = this.client.peek(Pods, `default/${name}`)
    if (present === undefined) throw new Error(`no pod ${name}`)
    const { ready = isReadyPod(present), nodeName = present.spec.nodeName, labels = present.metadata.labels } = change
    const status = { ...present.status, phase: 'Running', conditions: [readiness(ready)] }
    const spec = { ...present.spec, ...(nodeName === undefined ? {} : { nodeName }) }
    const metadata = { ...present.metadata, ...(labels === undefined ? {} : { labels }) }
    this.client.seed(Pods, { ...present, metadata, spec, status })
  }

  addNodes(...names: string[]): void {
    this.client.seed(Nodes, ...names.map((name) => node({ name })))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#running
  }
}

let serial = 0

function metadata(name: string, namespace?: string) {
  serial += 1
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: `uid-${name}-${serial}`,
    resourceVersion: String(serial),
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
}

export function pod({
  name = 'web',
  labels = { app: 'kubia' },
  ip,
  nodeName = 'node-1',
  ready = true,
  spec = {},
  status = {},
  meta = {},
}: {
  name?: string
  labels?: Record<string, string>
  ip?: string
  nodeName?: string
  ready?: boolean
  spec?: Partial<Pod['spec']>
  status?: Partial<NonNullable<Pod['status']>>
  meta?: Partial<Pod['metadata']>
} = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata(name, 'default'), labels, ...meta },
    spec: {
      containers: [{
        name: 'main',
        image: 'luksa/kubia',
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
      }],
      ...(nodeName === '' ? {} : { nodeName }),
      ...spec,
    },
    status: {
      phase: 'Running',
      ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
      conditions: [readiness(ready)],
      ...status,
    },
  }
}

export function service({
  name = 'kubia',
  spec = {},
  meta = {},
}: { name?: string; spec?: Partial<Service['spec']>; meta?: Partial<Service['metadata']> } = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata(name, 'default'), ...meta },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      ipFamilies: ['IPv4'],
      selector: { app: 'kubia' },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  }
}

export function node({
  name = 'node-1',
  labels = {},
  ready = 'True',
  spec = {},
  allocatable = { cpu: '4', memory: '8Gi', pods: '110' },
}: {
  name?: string
  labels?: Record<string, string>
  ready?: string
  spec?: Partial<Node['spec']>
  allocatable?: Record<string, string>
} = {}): Node {
  const conditions = [{ type: 'Ready', status: ready, lastHeartbeatTime: '2026-01-01T00:00:00Z' }]
  const object = { apiVersion: 'v1', kind: 'Node', metadata: { ...metadata(name), labels } }
  return { ...object, spec, status: { allocatable, conditions } }
}

export function replicationController(
  replicas: number,
  { name = 'kubia', spec = {} }: { name?: string; spec?: Partial<ReplicationController['spec']> } = {},
): ReplicationController {
  const template = {
    metadata: { labels: { app: 'kubia' } },
    spec: { containers: [{ name: 'main', image: 'luksa/kubia' }] },
  }
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { ...metadata(name, 'default'), generation: 1 },
    spec: { replicas, selector: { app: 'kubia' }, template, ...spec },
  }
}

/** `10.0.0.1 ready | 10.0.0.2 serving terminating : http=8080`, to compare slices at a glance. */
export function sliceText({ endpoints, ports = [] }: Pick<Draft<EndpointSlice>, 'endpoints' | 'ports'>): string {
  const each = endpoints.map(({ addresses, conditions }) =>
    [
      addresses.join(','),
      ...Object.entries(conditions ?? {}).flatMap(([name, is]) => (is === true ? [name] : [])),
    ].join(' '),
  )
  return `${each.join(' | ')} : ${ports.map(({ name, port }) => `${name}=${port}`).join(',')}`
}

function readiness(ready: boolean) {
  return { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }
}

function isReadyPod({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
}
