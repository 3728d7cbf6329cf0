import type { Family, Histogram, MetricRegistry, Value } from '../../base/metrics.ts'
import { byteBounds, rcodeLabel, secondBounds, typeLabel } from './metrics-labels.ts'
import type { Reply, Transport } from './reply.ts'

export interface TrafficLabels {
  /** As CoreDNS writes it, `dns://10.96.0.10:53`. */
  readonly server: string
  readonly clusterDomain: string
  /** Of the addresses that are served. */
  readonly family: 4 | 6
}

/** Of one query: what it was about is in the reply. */
export interface Measured {
  readonly transport: Transport
  readonly queryBytes: number
  readonly seconds: number
}

/** What is counted of queries, under CoreDNS's names where CoreDNS has the thing. `view` is always empty. */
export class TrafficMetrics {
  /** Packets and connections of those who get no answers. */
  readonly dropped: Value
  /** Queries that ended in an error of ours. */
  readonly failed: Value
  /** Answers that the kernel did not take, by its error. */
  readonly unsent: Family<Value>
  readonly #labels: TrafficLabels
  readonly #requests: Family<Value>
  readonly #responses: Family<Value>
  readonly #requestBytes: Family<Histogram>
  readonly #responseBytes: Family<Histogram>
  readonly #durations: Family<Histogram>
  /** Made when first needed, by zone and transport. */
  readonly #series = new Map<string, Series>()

  constructor(registry: MetricRegistry, labels: TrafficLabels) {
    const describe = (name: string, help: string, ...own: string[]) => ({ name, help, labels: ['server', 'zone', 'view', ...own] })
    this.#labels = labels
    this.#requests = registry.counter(describe('coredns_dns_requests_total', 'Queries.', 'proto', 'family', 'type'))
    this.#responses = registry.counter(describe('coredns_dns_responses_total', 'Answers.', 'rcode'))
    this.#requestBytes = registry.histogram(describe('coredns_dns_request_size_bytes', 'Length of queries.', 'proto'), byteBounds)
    this.#responseBytes = registry.histogram(describe('coredns_dns_response_size_bytes', 'Length of answers.', 'proto'), byteBounds)
    this.#durations = registry.histogram(describe('coredns_dns_request_duration_seconds', 'Time from query to answer.'), secondBounds)
    this.dropped = registry
      .counter(describe('coredns_acl_dropped_requests_total', 'Queries and connections from addresses that get no answers.'))
      .with(labels.server, '.', '')
    this.failed = registry.counter({ name: 'coredns_panics_total', help: 'Queries that ended in an error of the server.' }).with()
    this.unsent = registry.counter({ name: 'portolan_dns_unsent_answers_total', help: 'Answers that could not be sent.', labels: ['code'] })
  }

  answered({ packet, topic }: Reply, { transport, queryBytes, seconds }: Measured): void {
    const key = topic.inCluster ? transport : `${transport} elsewhere`
    const series = this.#series.get(key) ?? this.#addSeries(key, topic.inCluster, transport)
    series.requests(topic.type).add()
    series.responses((packet[3] ?? 0) & 15).add()
    series.requestBytes.observe(queryBytes)
    series.responseBytes.observe(packet.length)
    series.durations.observe(seconds)
  }

  #addSeries(key: string, inCluster: boolean, transport: Transport): Series {
    const { server, clusterDomain, family } = this.#labels
    const zone = [server, inCluster ? `${clusterDomain}.` : '.', ''] as const
    // CoreDNS numbers the families 1 and 2.
    const familyLabel = family === 4 ? '1' : '2'
    const series: Series = {
      requests: byNumber((type) => this.#requests.with(...zone, transport, familyLabel, typeLabel(type))),
      responses: byNumber((code) => this.#responses.with(...zone, rcodeLabel(code))),
      requestBytes: this.#requestBytes.with(...zone, transport),
      responseBytes: this.#responseBytes.with(...zone, transport),
      durations: this.#durations.with(...zone),
    }
    this.#series.set(key, series)
    return series
  }
}

interface Series {
  requests(type: number): Value
  responses(rcode: number): Value
  readonly requestBytes: Histogram
  readonly responseBytes: Histogram
  readonly durations: Histogram
}

/** Members by a number, without going through the texts of labels each time. At most 65,536, the numbers of types. */
function byNumber(make: (number: number) => Value): (number: number) => Value {
  const known = new Map<number, Value>()
  return (number) => {
    const value = known.get(number) ?? make(number)
    known.set(number, value)
    return value
  }
}
