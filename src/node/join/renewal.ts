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
/** Between two attempts, be they good or not. */
const pauseMs = 60_000

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
      await clock.sleep(pauseMs, signal)
    } catch (err) {
      if (signal.aborted) return
      log.warn({ err, certificate: pair.name }, 'certificate not renewed; tries again')
      await clock.sleep(pauseMs, signal).catch(() => undefined) // it ends
    }
  }
}

function dueAt({ cert }: Pair, share: number): number {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()]
  return from + share * (to - from)
}

/** Whether a certificate can still be shown. */
export function isValid({ cert }: Pair, now: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  return validFromDate <= now && now < validToDate
}
