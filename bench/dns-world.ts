import { addressAt, type Cidr } from '../src/base/ip.ts'

/** A Service of the DNS benchmark. Every tenth is headless. */
export interface DnsBenchService {
  readonly namespace: string
  readonly name: string
  /** Undefined: headless. */
  readonly clusterIP: string | undefined
  readonly endpoints: readonly string[]
}

export const clusterDomain = 'cluster.local'
export const portName = 'http'
export const servicePort = 80
export const endpointPort = 8080
const namespaces = 20
const services: Cidr = { base: 0x0a600000, bits: 13 }
const pods: Cidr = { base: 0x0a800000, bits: 9 }

export interface DnsWorldSize {
  readonly services: number
  /** Of each; no two share one. */
  readonly endpoints: number
}

export function dnsWorld({ services: count, endpoints }: DnsWorldSize): DnsBenchService[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: `team-${index % namespaces}`,
    name: `service-${index}`,
    clusterIP: index % 10 === 9 ? undefined : addressAt(services, index + 1000),
    endpoints: Array.from({ length: endpoints }, (_, nth) => addressAt(pods, index * endpoints + nth + 1000)),
  }))
}

export function nameOf({ name, namespace }: DnsBenchService): string {
  return `${name}.${namespace}.svc.${clusterDomain}`
}

export function labelOf(endpoint: string): string {
  return endpoint.replaceAll('.', '-')
}

export function pointerOf(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`
}

/** One line of a question file of dnsperf. */
export type DnsQuestion = `${string} ${'A' | 'AAAA' | 'SRV' | 'PTR'}`

/** What pods ask in a cluster, in shares; the same for each run. */
export function mixedQuestions(world: readonly DnsBenchService[], count: number): DnsQuestion[] {
  const [headless, others] = [world.filter(({ clusterIP }) => clusterIP === undefined), world.filter(({ clusterIP }) => clusterIP !== undefined)]
  const random = linearCongruential(1)
  const oneOf = <T>(all: readonly T[]): T => at(all, Math.floor(random() * all.length))
  return Array.from({ length: count }, (_, index): DnsQuestion => {
    const service = oneOf(others)
    switch (index % 10) {
      case 4:
        return `${nameOf(service)} AAAA`
      case 5:
        return `${nameOf(oneOf(headless))} A`
      case 6:
        return `_${portName}._tcp.${nameOf(oneOf(world))} SRV`
      case 7:
        return `${pointerOf(service.clusterIP ?? '')} PTR`
      case 8:
        return `nobody-${index}.${service.namespace}.svc.${clusterDomain} A`
      case 9:
        // The first step of a search list, for a name that was whole.
        return `${nameOf(service)}.${service.namespace}.svc.${clusterDomain} A`
      default:
        return `${nameOf(service)} A`
    }
  })
}

/** Addresses of Services, and nothing else. */
export function addressQuestions(world: readonly DnsBenchService[], count: number): DnsQuestion[] {
  const others = world.filter(({ clusterIP }) => clusterIP !== undefined)
  const random = linearCongruential(2)
  return Array.from({ length: count }, (): DnsQuestion => `${nameOf(at(others, Math.floor(random() * others.length)))} A`)
}

/** Numbers in [0, 1) that look random and are the same each time (Numerical Recipes). */
function linearCongruential(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function at<T>(all: readonly T[], index: number): T {
  const value = all[index]
  if (value === undefined) throw new RangeError(`there is no number ${index}`)
  return value
}
