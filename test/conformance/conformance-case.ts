import type { Tenant } from './tenant.ts'

/** One of the conformance cases of upstream's sig-network, checked in our own words. */
export interface ConformanceCase {
  /** As upstream calls it. */
  readonly name: string
  /** Rejects unless all is as a user may rely on. Each case has a namespace of its own, and runs beside others. */
  perform(tenant: Tenant): Promise<void>
}

/** Cases under upstream's heading. */
export interface ConformanceGroup {
  readonly title: string
  readonly cases: readonly ConformanceCase[]
}
