import type { Endpoint as SliceEndpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { ServicePort as ApiServicePort } from '../../api/kinds/service.ts'
import type { AddressFamily } from './family.ts'
import type { OwnNode } from './own-node.ts'

/** Where a connection may be led. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  /** Whether it is on the node of the proxy, or may be, because nothing says where it is. */
  readonly isLocal: boolean
}

/** All endpoints of one service port, usable or not. */
export type Candidates = readonly Candidate[]

interface Candidate {
  readonly endpoint: Endpoint
  readonly isReady: boolean
  readonly isServingToTheEnd: boolean
  /** Nodes and zones whose clients it is meant for, as hinted. */
  readonly nodes: readonly string[]
  readonly zones: readonly string[]
}

/**
 * What slices say of one port of their Service. Slices name ports as the Service does and give each a number of their
 * own, so that a named target port may differ from pod to pod.
 */
export function candidatesOf(
  port: ApiServicePort,
  slices: readonly EndpointSlice[],
  { family, node }: { family: AddressFamily; node: OwnNode | undefined },
): Candidates {
  return slices
    .filter(({ addressType }) => addressType === family.addressType)
    .flatMap((slice) =>
      (slice.ports ?? [])
        .filter((slicePort) => portKey(slicePort) === portKey(port))
        .flatMap(({ port: number }) => (isPort(number) ? slice.endpoints.map((endpoint) => ({ endpoint, number })) : [])),
    )
    .flatMap(({ endpoint, number }) => {
      // All addresses of an endpoint are one and the same; upstream uses the first.
      const address = endpoint.addresses[0] ?? ''
      if (!family.isAddress(address)) return []
      const isLocal = endpoint.nodeName === undefined || node === undefined || endpoint.nodeName === node.name
      return [candidate(endpoint, { address, port: number, isLocal })]
    })
}

/**
 * Endpoints anywhere in the cluster: the ready ones that are hinted for this node, else for its zone, else all; if none
 * is ready, those that still serve while they end (KEP-1669), hinted or not.
 *
 * Hints count only if every ready endpoint has one and one is for us (KEP-2433, KEP-3015).
 */
export function clusterEndpoints(candidates: Candidates, node: OwnNode | undefined): readonly Endpoint[] {
  const ready = candidates.filter(({ isReady }) => isReady)
  if (ready.length === 0) return usable(candidates.filter(({ isServingToTheEnd }) => isServingToTheEnd))
  const nearest = hinted(ready, ({ nodes }) => nodes, node?.name) ?? hinted(ready, ({ zones }) => zones, node?.zone)
  return usable(nearest ?? ready)
}

/** Endpoints on the node of the proxy: the ready ones; if there are none, those that still serve while they end. */
export function localEndpoints(candidates: Candidates): readonly Endpoint[] {
  const local = candidates.filter(({ endpoint }) => endpoint.isLocal)
  const ready = local.filter(({ isReady }) => isReady)
  return usable(ready.length > 0 ? ready : local.filter(({ isServingToTheEnd }) => isServingToTheEnd))
}

/** Whether there is an endpoint at all, here or elsewhere, that can be used. */
export function isAnyUsable(candidates: Candidates): boolean {
  return candidates.some(({ isReady, isServingToTheEnd }) => isReady || isServingToTheEnd)
}

/** Addresses of ready endpoints on the node of the proxy, each once. */
export function readyLocalAddresses(candidates: Candidates): string[] {
  const ready = candidates.filter(({ isReady, endpoint }) => isReady && endpoint.isLocal)
  return [...new Set(ready.map(({ endpoint }) => endpoint.address))]
}

function candidate({ conditions, hints }: SliceEndpoint, endpoint: Endpoint): Candidate {
  // An unknown condition counts as ready, as the API says.
  const isReady = conditions?.ready ?? true
  return {
    endpoint,
    isReady,
    isServingToTheEnd: conditions?.terminating === true && (conditions.serving ?? isReady),
    nodes: (hints?.forNodes ?? []).map(({ name }) => name),
    zones: (hints?.forZones ?? []).map(({ name }) => name),
  }
}

function hinted(
  ready: readonly Candidate[],
  hintsOf: (candidate: Candidate) => readonly string[],
  own: string | undefined,
): readonly Candidate[] | undefined {
  if (own === undefined || ready.some((each) => hintsOf(each).length === 0)) return undefined
  const ours = ready.filter((each) => hintsOf(each).includes(own))
  return ours.length === 0 ? undefined : ours
}

/** Sorted, each once. Whoever says that it is here is right. */
function usable(candidates: readonly Candidate[]): readonly Endpoint[] {
  const endpoints = candidates.map(({ endpoint }) => endpoint).sort(byAddressThenPort)
  return endpoints.filter((endpoint, index) => {
    const previous = endpoints[index - 1]
    return endpoint.address !== previous?.address || endpoint.port !== previous.port
  })
}

function byAddressThenPort(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  return a.port - b.port || Number(b.isLocal) - Number(a.isLocal)
}

function portKey({ name = '', protocol = 'TCP' }: { name?: string; protocol?: string }): string {
  return `${name} ${protocol}`
}

function isPort(number: number | undefined): number is number {
  return Number.isInteger(number) && number !== undefined && number > 0 && number < 65_536
}
