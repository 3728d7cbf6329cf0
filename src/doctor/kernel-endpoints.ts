import type { KernelElements } from './facts.ts'
import type { Destination } from './reach/questions.ts'

/**
 * Where the kernel of a node sends connections for a frontend, as `address:port`, sorted. Undefined if it does not know
 * the frontend. What is in maps that no packet is led to any more does not count. Names of IPv4's maps, and what the code
 * of a frontend says, are those of dataplane/proxy/shape.ts and code.ts.
 */
export function kernelEndpoints(elements: KernelElements, { address, protocol, port }: Destination): readonly string[] | undefined {
  const frontend = `${address} . ${protocol.toLowerCase()} . ${port}`
  const code = elements.get('services')?.get(frontend)
  if (code === undefined) return undefined
  const { isSticky, endpoints } = readCode(code)
  const slots = elements.get(`${isSticky ? 'sticky-slots' : 'slots'}-${endpoints}`)
  const chosen = Array.from({ length: endpoints }, (_, index) => slots?.get(`${isSticky ? frontend : code} . ${index}`))
  const found = isSticky ? chosen.map((id) => elements.get('sticky-choices')?.get(`${frontend} . ${id}`)) : chosen
  return found.filter((endpoint) => endpoint !== undefined).map(asText).sort()
}

/** `none` is zero: connections are dropped. The highest bit says that clients are remembered. */
function readCode(code: string): { readonly isSticky: boolean; readonly endpoints: number } {
  if (code === 'none') return { isSticky: false, endpoints: 0 }
  const [high = 0, low = 0] = code.split(':').map((half) => Number.parseInt(half, 16))
  const isSticky = high >= 0x8000
  return { isSticky, endpoints: low % (isSticky ? 2 ** 13 : 2 ** 14) }
}

function asText(endpoint: string): string {
  return endpoint.replace(' . ', ':')
}
