import type { EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { Endpoints } from '../api/kinds/endpoints.ts'
import type { Event } from '../api/kinds/event.ts'
import type { Node } from '../api/kinds/node.ts'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import type { ListeningSocket } from '../kernel/listening-sockets.ts'
import type { Answers } from './reach/questions.ts'

/** What there is in the cluster, at about one moment. */
export interface ClusterFacts {
  readonly services: readonly Service[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly endpoints: readonly Endpoints[]
  readonly slices: readonly EndpointSlice[]
  readonly events: readonly Event[]
  readonly surroundings: Surroundings
  /** By uid of the pod, in its own network namespace; pods that could not be looked into are not there. */
  readonly listeners: ReadonlyMap<string, readonly ListeningSocket[]>
  /** What the service proxy of a node has in the kernel, by name of the node; nodes that are off are not there. */
  readonly kernels: ReadonlyMap<string, KernelElements>
  readonly views: readonly View[]
  readonly now: Date
}

/** Sets and maps of the proxy's table: key → value, undefined in sets. */
export type KernelElements = ReadonlyMap<string, ReadonlyMap<string, string | undefined>>

/** What was tried from one place. */
export interface View {
  readonly kind: 'node' | 'pod' | 'outside'
  /** `node-1`, `pod kubia-x1`, `outside` */
  readonly place: string
  readonly answers: Answers
}

/** Where things are on this machine. */
export interface Surroundings {
  readonly nodes: readonly NodePlace[]
  readonly outside: { readonly netns: string; readonly address: string }
  readonly dnsServer: string
  /** Where clients outside reach Ingresses. */
  readonly ingressAddress: string
  /** `cluster.local` */
  readonly domain: string
}

export interface NodePlace {
  readonly name: string
  readonly address: string
  /** Path of its network namespace. */
  readonly netns: string
  /** Control group above its pods. */
  readonly podsCgroup: string
  /** Its agent was stopped, which the API learns only after a while. */
  readonly isOff: boolean
}

/** The facts about one Service. */
export interface ServiceFacts {
  readonly service: Service
  /** By name. */
  readonly selected: readonly Pod[]
  readonly endpoints: Endpoints | undefined
  readonly slices: readonly EndpointSlice[]
  readonly cluster: ClusterFacts
}
