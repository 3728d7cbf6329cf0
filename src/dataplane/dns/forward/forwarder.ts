import type { Clock } from '../../../base/clock.ts'
import { formatHostPort, parseHostPort } from '../../../base/host-port.ts'
import { labelsBelow, labelsOf, rcode } from '../record.ts'
import { AnswerStore } from './answer-store.ts'
import { ask, type AskDeps } from './ask.ts'
import { firstAnswer } from './attempts.ts'
import type { ExternalAnswer } from './external-answer.ts'
import { keyOfQuery, type ExternalQuery } from './external-query.ts'
import type { ForwardMetrics } from './forward-metrics.ts'
import { HealthChecks } from './health-checks.ts'
import { Upstream } from './upstream.ts'

export interface ForwardOptions {
  /** Name servers for names outside of the cluster, `address` or `address:port`; none makes such names fail at once. */
  readonly upstreams: readonly string[]
  /** Domains that have name servers of their own, such as `corp.example`. */
  readonly stubDomains?: readonly StubDomain[]
}

export interface StubDomain {
  readonly domain: string
  readonly upstreams: readonly string[]
}

/** Asks name servers elsewhere. */
export interface Forwarder {
  exchange(query: ExternalQuery): Promise<Exchange>
  close(): void
}

export type Exchange =
  | { readonly outcome: 'answered'; readonly answer: ExternalAnswer; readonly ageSeconds: number }
  /** No upstream is configured for this name: nothing was tried. */
  | { readonly outcome: 'nowhere' }
  | { readonly outcome: 'failed'; readonly reason: string }

export interface ForwarderDeps {
  readonly clock: Clock
  readonly metrics: ForwardMetrics
}

/** For one upstream's answer. Resolvers wait 5 s for us, so that another one is still asked in time. */
const timeoutMs = 2_000
/** Where none has answered of late: who asks is told soon, rather than kept waiting for what will hardly come. */
const hopelessMs = 300
/** Questions under way at once: each has a socket. */
const mostInFlight = 1_000

/**
 * Asks the upstreams of the longest stub domain that a name is in, or else those of all names, and keeps answers for as
 * long as they live. Throws `RangeError` for an upstream that is no address.
 */
export function forwarder(options: ForwardOptions, { clock, metrics }: ForwarderDeps): Forwarder {
  const upstreamsFor = routes(options)
  const stopped = new AbortController()
  const healthChecks = new HealthChecks({ clock, metrics, signal: stopped.signal })
  const store = new AnswerStore(clock)
  const inFlight = new Map<string, Promise<ExternalAnswer>>()
  metrics.countKept(() => store.size)

  async function askOne(upstream: Upstream, query: ExternalQuery, deps: AskDeps): Promise<ExternalAnswer> {
    const begunMs = clock.monotonicMs()
    try {
      const answer = await ask(upstream.at, query, deps)
      upstream.answered()
      metrics.exchanged(upstream.name, answer.rcode, (clock.monotonicMs() - begunMs) / 1000)
      return answer
    } catch (error) {
      if (!deps.signal.aborted) {
        upstream.failed()
        healthChecks.start(upstream)
      }
      throw error
    }
  }

  async function fetch(query: ExternalQuery, upstreams: readonly Upstream[]): Promise<ExternalAnswer> {
    const isHopeless = upstreams.every(({ isHealthy }) => !isHealthy)
    if (isHopeless) metrics.allUnhealthy.add()
    const deps = { clock, timeoutMs: isHopeless ? hopelessMs : timeoutMs }
    const answer = await firstAnswer(upstreams, (upstream, signal) => askOne(upstream, query, { ...deps, signal }), clock)
    store.set(keyOfQuery(query), answer)
    return answer
  }

  /** Those who ask the same at the same time share one exchange. */
  function fetchOnce(key: string, query: ExternalQuery, upstreams: readonly Upstream[]): Promise<ExternalAnswer> {
    const known = inFlight.get(key)
    if (known !== undefined) return known
    if (inFlight.size >= mostInFlight) {
      metrics.rejected.add()
      return Promise.reject(new Error('too many questions under way'))
    }
    const fetched = fetch(query, upstreams).finally(() => inFlight.delete(key))
    inFlight.set(key, fetched)
    return fetched
  }

  function count(kept: ExternalAnswer | undefined): void {
    metrics.lookups.add()
    if (kept === undefined) metrics.misses.add()
    else metrics.hit(kept.rcode === rcode.nameError ? 'denial' : 'success')
  }

  return {
    async exchange(query) {
      const upstreams = upstreamsFor(query.question.labels)
      if (upstreams.length === 0) return { outcome: 'nowhere' }
      const key = keyOfQuery(query)
      const kept = store.get(key)
      count(kept?.answer)
      if (kept?.isDue === true) {
        metrics.prefetches.add()
        // The kept one is still good: a failure matters to nobody yet, and upstreams' health takes note of it.
        fetchOnce(key, query, upstreams).catch(() => {})
      }
      if (kept !== undefined) return { outcome: 'answered', ...kept }
      try {
        return { outcome: 'answered', answer: await fetchOnce(key, query, upstreams), ageSeconds: 0 }
      } catch (error) {
        return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) }
      }
    },

    close: () => stopped.abort(new Error('the DNS server ends')),
  }
}

/** Who is asked about a name, by its labels. */
function routes({ upstreams, stubDomains = [] }: ForwardOptions): (labels: readonly string[]) => readonly Upstream[] {
  // One for each address, so that what is learned of it serves all domains.
  const known = new Map<string, Upstream>()
  const resolveAll = (texts: readonly string[]) => texts.map((text) => upstreamOf(text, known))
  const byLength = stubDomains
    .map(({ domain, upstreams: own }) => ({ labels: labelsOf(domain), upstreams: resolveAll(own) }))
    .sort((a, b) => b.labels.length - a.labels.length)
  const others = resolveAll(upstreams)
  return (labels) => byLength.find((stub) => labelsBelow(labels, stub.labels) !== undefined)?.upstreams ?? others
}

function upstreamOf(text: string, known: Map<string, Upstream>): Upstream {
  const at = parseHostPort(text, 53)
  if (at === undefined) {
    throw new RangeError(`upstream DNS server ${JSON.stringify(text)} is not an IP address with or without a port`)
  }
  const name = formatHostPort(at)
  const upstream = known.get(name) ?? new Upstream(at)
  known.set(name, upstream)
  return upstream
}
