import type { KernelElements } from './facts.ts'
import type { Destination } from './reach/questions.ts'

/** Names of the service proxy's maps of IPv4, as dataplane/proxy/shape.ts documents them. */
const servicesMap = 'services'
const endpointBits = 0x3fff

/**
 * Where the kernel of a node sends connections for a frontend, as `address:port`, sorted. Undefined if it does not know
 * the frontend. What is in maps that no packet is led to any more does not count.
 */
export function kernelEndpoints(elements: KernelElements, { address, protocol, port }: Destination): readonly string[] | undefined {
  const frontend = `${address} . ${protocol.toLowerCase()} . ${port}`
  const code = elements.get(servicesMap)?.get(frontend)
  if (code === undefined) return undefined
  const number = Number(code) & endpointBits
  const isSticky = Number(code) >>> 14 !== 0
  const slots = elements.get(`${isSticky ? 'sticky-slots' : 'slots'}-${number}`)
  const chosen = Array.from({ length: number }, (_, index) => slots?.get(`${frontend} . ${index}`))
  const endpoints = isSticky ? chosen.map((id) => elements.get('sticky-choices')?.get(`${frontend} . ${id}`)) : chosen
  return endpoints.filter((endpoint) => endpoint !== undefined).map(asText).sort()
}

function asText(value: string): string {
  return value.replace(' . ', ':')
}
