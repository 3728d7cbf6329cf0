import type { Family, Histogram, MetricRegistry, Value } from '../../../base/metrics.ts'
import { rcodeLabel, secondBounds } from '../metrics-labels.ts'

/** What is counted of names elsewhere, under the names of CoreDNS's plugins `forward`, `proxy` and `cache`. */
export class ForwardMetrics {
  /** Questions for which no upstream was healthy. */
  readonly allUnhealthy: Value
  /** Questions refused because too many were under way. */
  readonly rejected: Value
  readonly lookups: Value
  readonly misses: Value
  /** Kept answers that were asked for anew before their end. */
  readonly prefetches: Value
  readonly #registry: MetricRegistry
  readonly #server: string
  readonly #exchanges: Family<Histogram>
  readonly #failedChecks: Family<Value>
  readonly #hits: Family<Value>

  constructor(registry: MetricRegistry, server: string) {
    const cache = (name: string, help: string) =>
      registry.counter({ name: `coredns_cache_${name}_total`, help, labels: ['server', 'zones', 'view'] }).with(server, '.', '')
    this.#registry = registry
    this.#server = server
    this.#exchanges = registry.histogram(
      {
        name: 'coredns_proxy_request_duration_seconds',
        help: 'Time that an upstream took to answer.',
        labels: ['proxy_name', 'to', 'rcode'],
      },
      secondBounds,
    )
    this.#failedChecks = registry.counter({
      name: 'coredns_proxy_healthcheck_failures_total',
      help: 'Health checks that an upstream did not answer.',
      labels: ['proxy_name', 'to'],
    })
    this.allUnhealthy = registry
      .counter({ name: 'coredns_forward_healthcheck_broken_total', help: 'Questions for which no upstream was healthy.' })
      .with()
    this.rejected = registry
      .counter({
        name: 'coredns_forward_max_concurrent_rejects_total',
        help: 'Questions refused because too many were under way.',
      })
      .with()
    this.lookups = cache('requests', 'Questions about names elsewhere.')
    this.misses = cache('misses', 'Those for which no answer was kept.')
    this.prefetches = cache('prefetch', 'Kept answers that were asked for anew before their end.')
    this.#hits = registry.counter({
      name: 'coredns_cache_hits_total',
      help: 'Those for which an answer was kept.',
      labels: ['server', 'type', 'zones', 'view'],
    })
  }

  hit(type: 'success' | 'denial'): void {
    this.#hits.with(this.#server, type, '.', '').add()
  }

  exchanged(to: string, code: number, seconds: number): void {
    this.#exchanges.with('forward', to, rcodeLabel(code)).observe(seconds)
  }

  healthCheckFailed(to: string): void {
    this.#failedChecks.with('forward', to).add()
  }

  /** Tells how many answers are kept. */
  countKept(read: () => number): void {
    const description = { name: 'coredns_cache_entries', help: 'Kept answers from elsewhere.', labels: ['server', 'zones', 'view'] }
    this.#registry.reads('gauge', description, () => [{ labels: [this.#server, '.', ''], value: read() }])
  }
}
