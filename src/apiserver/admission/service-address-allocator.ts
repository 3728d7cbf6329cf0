import { addressAt, type Cidr, contains, formatCidr, formatIPv4, parseIPv4, sizeOf } from '../../base/ip.ts'
import type { Service } from '../../api/kinds/service.ts'
import { type ObjectKey, keyOf } from '../../api/object.ts'

/** Why an address or port could not be had; the caller names the object. */
export interface AllocationProblem {
  readonly field: string
  readonly value: unknown
  readonly detail: string
}

export interface ServiceRanges {
  readonly clusterIPs: Cidr
  readonly nodePorts: { readonly first: number; readonly last: number }
}

/**
 * The cluster IPs and node ports in use. They are what the stored Services say and nothing else: the owner feeds every
 * change of a Service to `observe`, so there is no second record that could disagree after a crash, and nothing leaks.
 * Between the answer to an admission and the moment its Service is stored, a claim holds what was handed out.
 */
export class ServiceAddressAllocator {
  readonly #ranges: ServiceRanges
  readonly #random: () => number
  /** Resource name, `10.96.0.1` or `30123`, to the Service that has it. */
  readonly #stored = new Map<string, ObjectKey>()
  readonly #claimed = new Map<string, ObjectKey>()

  constructor(ranges: ServiceRanges, random: () => number) {
    this.#ranges = ranges
    this.#random = random
  }

  /** Takes in a stored change: `previous` is undefined for a new Service, `next` for a deleted one. */
  observe(previous: Service | undefined, next: Service | undefined): void {
    for (const name of previous === undefined ? [] : resourcesOf(previous)) this.#stored.delete(name)
    if (next === undefined) return
    for (const name of resourcesOf(next)) {
      this.#stored.set(name, keyOf(next))
      this.#claimed.delete(name)
    }
  }

  /** The claims of one write of one Service, which may keep what it has. */
  claimsFor(owner: ObjectKey): Claims {
    return new Claims(this.#ranges, this.#random, {
      isFree: (name) => this.#claimed.get(name) === undefined && (this.#stored.get(name) ?? owner) === owner,
      holds: (name) => this.#stored.get(name) === owner,
      claim: (name) => void this.#claimed.set(name, owner),
      release: (name) => void this.#claimed.delete(name),
    })
  }
}

interface Ledger {
  isFree(name: string): boolean
  /** Whether the Service has it already, so that there is nothing to claim. */
  holds(name: string): boolean
  claim(name: string): void
  release(name: string): void
}

class Claims {
  readonly #ranges: ServiceRanges
  readonly #random: () => number
  readonly #ledger: Ledger
  readonly #names: string[] = []

  constructor(ranges: ServiceRanges, random: () => number, ledger: Ledger) {
    this.#ranges = ranges
    this.#random = random
    this.#ledger = ledger
  }

  /** An address of the user's choice; a problem is noted if it cannot be had. */
  clusterIP(address: string, problems: AllocationProblem[]): void {
    const number = parseIPv4(address)
    const range = this.#ranges.clusterIPs
    if (number === undefined) return // The kind's validation says what is wrong with it.
    const why = whyNot(range, number) ?? (this.#take(address) ? undefined : 'provided IP is already allocated')
    if (why === undefined) return
    problems.push({ field: 'spec.clusterIPs', value: [address], detail: `failed to allocate IP ${address}: ${why}` })
  }

  /** A free address. The lowest part of the range is left to those who ask for one (KEP-3070) as long as the rest lasts. */
  nextClusterIP(problems: AllocationProblem[]): string | undefined {
    const range = this.#ranges.clusterIPs
    const size = sizeOf(range)
    const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256, Math.floor(size / 2))
    const found =
      this.#firstFree(reserved, size - 1, (offset) => addressAt(range, offset)) ??
      this.#firstFree(1, reserved, (offset) => addressAt(range, offset))
    if (found !== undefined) return found
    const detail = `failed to allocate a serviceIP: range is full: ${formatCidr(range)}`
    problems.push({ field: 'spec.clusterIPs', value: [], detail })
    return undefined
  }

  /** A port of the user's choice, whatever its protocol: of a number on the nodes there is one Service. */
  nodePort(port: number, field: string, problems: AllocationProblem[]): void {
    const { first, last } = this.#ranges.nodePorts
    if (port < first || port > last) {
      const detail = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
      problems.push({ field, value: port, detail })
    } else if (!this.#take(String(port))) {
      problems.push({ field, value: port, detail: 'provided port is already allocated' })
    }
  }

  /** A free port. The lowest part of the range is left to those who ask for one (KEP-3668) as long as the rest lasts. */
  nextNodePort(field: string, problems: AllocationProblem[]): number | undefined {
    const { first, last } = this.#ranges.nodePorts
    const reserved = first + reservedNodePorts(last - first + 1)
    const found = this.#firstFree(reserved, last + 1, String) ?? this.#firstFree(first, reserved, String)
    if (found !== undefined) return Number(found)
    problems.push({ field, value: 0, detail: 'failed to allocate a nodePort: range is full' })
    return undefined
  }

  /** Gives back what this write claimed and has not stored. */
  release(): void {
    for (const name of this.#names) this.#ledger.release(name)
  }

  /** The first free one in `[from, to)`, beginning at a random place and going round once. */
  #firstFree(from: number, to: number, nameAt: (number: number) => string): string | undefined {
    const count = to - from
    const start = Math.floor(this.#random() * count)
    for (let step = 0; step < count; step += 1) {
      const name = nameAt(from + ((start + step) % count))
      if (this.#takeNew(name)) return name
    }
    return undefined
  }

  /** Takes what nobody has: what this Service has itself stays with the port that has it. */
  #takeNew(name: string): boolean {
    return !this.#ledger.holds(name) && this.#take(name)
  }

  #take(name: string): boolean {
    if (this.#names.includes(name)) return false
    if (!this.#ledger.isFree(name)) return false
    if (this.#ledger.holds(name)) return true
    this.#ledger.claim(name)
    this.#names.push(name)
    return true
  }
}

/** How many ports are left to those who ask for one: upstream's `calculateRangeOffset`, 86 of the usual 2,768. */
function reservedNodePorts(size: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
}

/** Why an address is none of the range's, as upstream's allocators word it. */
function whyNot(range: Cidr, number: number): string | undefined {
  if (!contains(range, number)) return `the provided network does not match the current range ${formatCidr(range)}`
  if (!isEdge(range, number)) return undefined
  const which = `the provided IP (${formatIPv4(number)}) is not in the valid range`
  return `${which}. The range of valid IPs is ${formatCidr(range)}`
}

/** Network and broadcast address are not handed out. */
function isEdge(range: Cidr, number: number): boolean {
  return number === range.base || formatIPv4(number) === addressAt(range, sizeOf(range) - 1)
}

function resourcesOf({ spec }: Service): string[] {
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((address) => address !== '' && address !== 'None')
  const ports = [...(spec.ports ?? []).map(({ nodePort = 0 }) => nodePort), spec.healthCheckNodePort ?? 0]
  return [...addresses, ...ports.filter((port) => port !== 0).map(String)]
}
