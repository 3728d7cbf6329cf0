import { readFrontendCode } from '../kernel/frontend-code.ts'
import type { KernelElements } from './facts.ts'
import type { Destination } from './reach/questions.ts'

/**
 * Where the kernel of a node sends connections for a frontend, as `address:port`, sorted. Undefined if it does not know
 * the frontend. What is in maps that no packet is led to any more does not count. Names of IPv4's maps are those of
 * dataplane/proxy/shape.ts.
 */
export function kernelEndpoints(elements: KernelElements, { address, protocol, port }: Destination): readonly string[] | undefined {
  const frontend = `${address} . ${protocol.toLowerCase()} . ${port}`
  const code = elements.get('services')?.get(frontend)
  if (code === undefined) return undefined
  const { isSticky, endpoints } = readFrontendCode(code)
  const slots = elements.get(`${isSticky ? 'sticky-slots' : 'slots'}-${endpoints}`)
  const chosen = Array.from({ length: endpoints }, (_, index) => slots?.get(`${isSticky ? frontend : code} . ${index}`))
  const found = isSticky ? chosen.map((id) => elements.get('sticky-choices')?.get(`${frontend} . ${id}`)) : chosen
  return found.filter((endpoint) => endpoint !== undefined).map(asText).sort()
}

function asText(endpoint: string): string {
  return endpoint.replace(' . ', ':')
}
