import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Pair } from './certificates.ts'

export interface RenewedPair {
  /** For the log: `client`. */
  readonly name: string
  current(): Pair
  /** Obtains another and takes it into use. */
  renew(): Promise<void>
}

export interface RenewalDeps {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Numbers in [0, 1) that spread the renewals of many nodes. */
  readonly random: () => number
}

/** A timer holds no more than 24 days; and clocks are set. */
const longestSleepMs = 3_600_000
/** Between two attempts, be they good or not: a twentieth of the time that the certificate has, within these. */
const [shortestPauseMs, longestPauseMs] = [1_000, 60_000]

/** Renews certificates when 70 to 90 % of their time is over, as upstream's kubelet, until the signal aborts. Never rejects. */
export async function keepRenewed(pairs: readonly RenewedPair[], deps: RenewalDeps): Promise<void> {
  await Promise.all(pairs.map((pair) => keepOne(pair, deps)))
}

async function keepOne(pair: RenewedPair, { clock, log, signal, random }: RenewalDeps): Promise<void> {
  const share = 0.7 + 0.2 * random()
  while (!signal.aborted) {
    try {
      const leftMs = dueAt(pair.current(), share) - clock.now().getTime()
      if (leftMs > 0) {
        await clock.sleep(Math.min(leftMs, longestSleepMs), signal)
        continue
      }
      await pair.renew()
      log.info({ certificate: pair.name }, 'certificate renewed')
      // One that ends with its authority may be due again at once.
      await clock.sleep(pauseAfter(pair.current()), signal)
    } catch (err) {
      if (signal.aborted) return
      const { name } = pair
      if (isValid(pair.current(), clock.now())) log.warn({ err, certificate: name }, 'certificate not renewed; tries again')
      else log.error({ err, certificate: name }, 'certificate not renewed, and its time is over; tries again')
      await clock.sleep(pauseAfter(pair.current()), signal).catch(() => undefined) // it ends
    }
  }
}

function dueAt(pair: Pair, share: number): number {
  const { from, lastsMs } = timeOf(pair)
  return from + share * lastsMs
}

function pauseAfter(pair: Pair): number {
  return Math.min(longestPauseMs, Math.max(shortestPauseMs, timeOf(pair).lastsMs / 20))
}

/** In milliseconds since the epoch, and how long after that it ends. */
function timeOf({ cert }: Pair): { readonly from: number; readonly lastsMs: number } {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const from = validFromDate.getTime()
  return { from, lastsMs: validToDate.getTime() - from }
}

/** Whether a certificate can be shown. */
export function isValid({ cert }: Pair, now: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  return validFromDate <= now && now < validToDate
}

/** Why a node is not known by its certificate any more, and what helps. Undefined if it is. */
export function invalidity(node: string, { cert }: Pair, now: Date): string | undefined {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  if (now >= validToDate) {
    const again = 'and start the agent again with the --token and --ca-hash that ./portolan node token create prints there'
    return `the certificate of ${node} expired at ${validToDate.toISOString()}, and its agent was not there to renew it: kubectl delete node ${node} on the cluster's machine, ${again}`
  }
  if (now < validFromDate) return `the certificate of ${node} is good from ${validFromDate.toISOString()} on, and it is ${now.toISOString()} here: set the clock`
  return undefined
}
