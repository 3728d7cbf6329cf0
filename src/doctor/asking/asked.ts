import type { Node } from '../../api/kinds/node.ts'
import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { Surroundings } from '../facts.ts'
import type { Outcome } from '../reach/questions.ts'

/** What a client has tried. */
export interface Asked {
  readonly scheme: 'http' | 'https' | 'tcp' | 'udp' | 'ping'
  /** A name or an address. */
  readonly host: string
  /** 0 for a ping. */
  readonly port: number
}

/** From where. */
export type Client =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'outside' }
  /** The machine that the cluster runs on. */
  | { readonly kind: 'machine' }

/** What the cluster has that may be meant. */
export interface Askable {
  readonly services: readonly Service[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly ingresses: readonly Ingress[]
  readonly surroundings: Surroundings
}

export interface Asking {
  readonly asked: Asked
  readonly client: Client
  readonly there: Askable
  /** What came of trying the same; undefined if it was not tried. */
  readonly outcome: Outcome | undefined
}

/** `pod web in namespace shop`, `node-1`, `outside`, `this machine` */
export function describeClient(client: Client): string {
  switch (client.kind) {
    case 'pod':
      return `pod ${client.pod.metadata.name} in namespace ${client.pod.metadata.namespace}`
    case 'node':
      return client.name
    case 'outside':
      return 'outside'
    case 'machine':
      return 'this machine'
    default:
      return client satisfies never
  }
}

export function describeAsked({ scheme, host, port }: Asked): string {
  return `${scheme}://${host}${port === 0 ? '' : `:${port}`}`
}

/** Where names of Services are looked for that have no namespace in them. */
export function namespaceOf(client: Client): string {
  return client.kind === 'pod' ? (client.pod.metadata.namespace ?? 'default') : 'default'
}
