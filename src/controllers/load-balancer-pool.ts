import { addressAnnotation, sharingAnnotation } from '../api/kinds/load-balancer.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf } from '../api/object.ts'
import { formatIPv4, formatRange, parseIPv4, type AddressRange } from '../base/ip.ts'

/** A Service that has an address, or is about to get it. */
export interface Holder {
  readonly service: Service
  readonly address: string
}

/** A Service that is to have an address. */
export interface Applicant {
  readonly service: Service
  /** What it has already. */
  readonly address: string | undefined
}

/** The address that a Service is to have, or why it can have none. */
export type Choice = { readonly address: string } | { readonly problem: string }

/**
 * Chooses the address of a Service: the one that it asks for; else the one that it has; else one of those with which it
 * may share; else the lowest that is free. `others` are the holders of addresses but itself. Pure.
 */
export function chooseAddress({ service, address: present }: Applicant, others: readonly Holder[], pool: AddressRange): Choice {
  const wish = wishOf(service, pool)
  if (wish !== undefined && 'problem' in wish) return wish
  const taken = Map.groupBy(others, ({ address }) => address)
  const obstacle = (address: string) => obstacleTo(service, address, taken.get(address) ?? [])
  if (wish !== undefined) {
    const problem = obstacle(wish.address)
    return problem === undefined ? wish : { problem }
  }
  if (present !== undefined && isIn(pool, present) && obstacle(present) === undefined) return { address: present }
  const address = shareable(service, others, pool).find((each) => obstacle(each) === undefined) ?? lowestFree(pool, taken)
  return address === undefined ? { problem: `no address of ${formatRange(pool)} is free` } : { address }
}

/** What a Service asks for, by field or annotation. */
function wishOf({ metadata, spec }: Service, pool: AddressRange): Choice | undefined {
  const byField = spec.loadBalancerIP ?? ''
  const byAnnotation = metadata.annotations?.[addressAnnotation] ?? ''
  const address = byField || byAnnotation
  if (address === '') return undefined
  if (byAnnotation !== '' && byAnnotation !== address) {
    return { problem: `spec.loadBalancerIP asks for ${byField}, the annotation ${addressAnnotation} for ${byAnnotation}: leave one out` }
  }
  return isIn(pool, address) ? { address } : { problem: `${address} is not an address of ${formatRange(pool)}` }
}

/** Why a Service cannot have an address that these have. */
function obstacleTo(service: Service, address: string, holders: readonly Holder[]): string | undefined {
  const key = sharingKey(service)
  const stranger = holders.find((holder) => key === '' || sharingKey(holder.service) !== key)
  if (stranger !== undefined) {
    const how = `to share it, both need the same annotation ${sharingAnnotation}`
    return `${address} is in use by the Service ${keyOf(stranger.service)}: ${how}`
  }
  const ports = new Set(portsOf(service))
  for (const holder of holders) {
    const both = portsOf(holder.service).find((port) => ports.has(port))
    if (both !== undefined) return `port ${both} of ${address} is in use by the Service ${keyOf(holder.service)}`
  }
  return undefined
}

function shareable(service: Service, others: readonly Holder[], pool: AddressRange): readonly string[] {
  const key = sharingKey(service)
  if (key === '') return []
  const addresses = others.filter((holder) => sharingKey(holder.service) === key).map(({ address }) => address)
  return [...new Set(addresses)].filter((address) => isIn(pool, address)).sort((a, b) => numberOf(a) - numberOf(b))
}

function lowestFree({ first, last }: AddressRange, taken: ReadonlyMap<string, unknown>): string | undefined {
  for (let number = first; number <= last; number += 1) {
    const address = formatIPv4(number)
    if (!taken.has(address)) return address
  }
  return undefined
}

function isIn({ first, last }: AddressRange, address: string): boolean {
  const number = parseIPv4(address)
  return number !== undefined && number >= first && number <= last
}

function numberOf(address: string): number {
  return parseIPv4(address) ?? 0
}

/** '' for one that does not share. */
export function sharingKey({ metadata }: Service): string {
  return metadata.annotations?.[sharingAnnotation] ?? ''
}

/** `80/TCP` */
export function portsOf({ spec }: Service): readonly string[] {
  return (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`)
}
