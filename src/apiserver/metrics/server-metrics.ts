import { type Family, type Histogram, MetricRegistry, type Value } from '../../base/metrics.ts'
import { groupResource } from '../../api/resource.ts'
import type { Store } from '../../storage/store.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { keyFor } from '../objects.ts'
import type { VersionInfo } from '../version.ts'
import { addProcessMetrics } from './process-metrics.ts'
import type { RequestLabels } from './request-labels.ts'

export interface ServerMetricsDeps {
  readonly store: Store
  readonly kinds: KindRegistry
  readonly version: VersionInfo
}

/** What is counted of all requests with the same labels. */
export interface RequestSeries {
  /** Answers that go on, such as watches, while they do. */
  readonly open: Value
  done(code: number, seconds: number): void
}

/** Upper bounds in seconds, as upstream's. */
const requestBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]
const transactionBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const objectLabels = ['group', 'version', 'resource']
const openLabels = ['verb', ...objectLabels, 'subresource', 'scope', 'component']
const requestLabels = [...openLabels, 'dry_run']
const component = 'apiserver'

/** What `/metrics` tells, under upstream's names where upstream has the thing (k8s.io/apiserver/pkg/endpoints/metrics). */
export class ServerMetrics {
  readonly registry = new MetricRegistry()
  /** Requests being answered, by whether they may write. */
  readonly inFlight: Family<Value>
  /** Events sent to watches, by group, version and resource. */
  readonly watchEvents: Family<Value>
  /** How long the store takes to make the writes of one transaction durable, in seconds. */
  readonly transactions: Histogram
  readonly storedWrites: Value
  readonly #requests: Family<Value>
  readonly #durations: Family<Histogram>
  readonly #open: Family<Value>
  readonly #series = new Map<string, RequestSeries>()

  constructor(deps: ServerMetricsDeps) {
    const { registry } = this
    this.inFlight = registry.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests that are being answered, without those that go on.',
      labels: ['request_kind'],
    })
    this.watchEvents = registry.counter({
      name: 'apiserver_watch_events_total',
      help: 'Events sent to watches.',
      labels: objectLabels,
    })
    this.#requests = registry.counter({
      name: 'apiserver_request_total',
      help: 'Requests answered.',
      labels: [...requestLabels, 'code'],
    })
    this.#durations = registry.histogram(
      {
        name: 'apiserver_request_duration_seconds',
        help: 'Time from a request, its body read, to its answer; of those that go on, to their end.',
        labels: requestLabels,
      },
      requestBounds,
    )
    this.#open = registry.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Requests whose answers go on, such as watches.',
      labels: openLabels,
    })
    this.transactions = registry
      .histogram(
        {
          name: 'portolan_storage_transaction_duration_seconds',
          help: 'Time to make the writes of one transaction durable.',
        },
        transactionBounds,
      )
      .with()
    this.storedWrites = registry.counter({ name: 'portolan_storage_writes_total', help: 'Writes made durable.' }).with()
    addStorageMetrics(registry, deps)
    addBuildInfo(registry, deps.version)
    addProcessMetrics(registry)
  }

  requests(labels: RequestLabels): RequestSeries {
    const { verb, group, version, resource, subresource, scope, dryRun } = labels
    const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope} ${dryRun}`
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const opened = [verb, group, version, resource, subresource, scope, component]
    const all = [...opened, dryRun]
    const durations = this.#durations.with(...all)
    const byCode = new Map<number, Value>()
    const series: RequestSeries = {
      open: this.#open.with(...opened),
      done: (code, seconds) => {
        const counter = byCode.get(code) ?? this.#requests.with(...all, String(code))
        byCode.set(code, counter)
        counter.add()
        durations.observe(seconds)
      },
    }
    this.#series.set(key, series)
    return series
  }
}

function addStorageMetrics(registry: MetricRegistry, { store, kinds }: ServerMetricsDeps): void {
  const counts = () =>
    Promise.all(
      kinds
        .all()
        .filter(({ view }) => view === undefined)
        .map(async ({ resource }) => {
          const { entries, remaining } = await store.list(keyFor(resource), { limit: 1 })
          return { resource, value: entries.length + remaining }
        }),
    )
  registry.reads(
    'gauge',
    { name: 'apiserver_storage_objects', help: 'Stored objects by kind.', labels: ['resource'] },
    async () => (await counts()).map(({ resource, value }) => ({ labels: [groupResource(resource)], value })),
  )
  registry.reads(
    'gauge',
    { name: 'apiserver_resource_objects', help: 'Stored objects by kind.', labels: ['group', 'resource'] },
    async () => (await counts()).map(({ resource: { group, plural }, value }) => ({ labels: [group, plural], value })),
  )
  registry.reads('gauge', { name: 'portolan_storage_revision', help: 'Revision of the last write.' }, () => [
    { value: store.revision },
  ])
  registry.reads(
    'gauge',
    { name: 'portolan_storage_compacted_revision', help: 'Oldest revision that watches can resume from.' },
    () => [{ value: store.compactedRevision }],
  )
}

function addBuildInfo(registry: MetricRegistry, version: VersionInfo): void {
  const labels = {
    build_date: version.buildDate,
    compiler: version.compiler,
    git_commit: version.gitCommit,
    git_tree_state: version.gitTreeState,
    git_version: version.gitVersion,
    go_version: version.goVersion,
    major: version.major,
    minor: version.minor,
    platform: version.platform,
  }
  registry.reads(
    'gauge',
    { name: 'kubernetes_build_info', help: 'Always 1; its labels say what runs.', labels: Object.keys(labels) },
    () => [{ labels: Object.values(labels), value: 1 }],
  )
}
