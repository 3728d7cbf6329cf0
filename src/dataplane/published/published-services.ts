import type { Socket as UdpSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { EndpointPort } from '../../api/kinds/service-endpoints.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import { SlicesByService } from '../../client/slices-by-service.ts'
import { proxyHeader } from './proxy-header.ts'
import { type ServicePort, targetsOf } from './service-endpoints.ts'
import { leadTcp } from './tcp-port.ts'
import { leadUdp } from './udp-port.ts'

export type PublishedPort = (ServicePort | IngressPort) & {
  /** On the host's loopback. */
  readonly hostPort: number
}

export interface IngressPort {
  readonly ingressPort: number
  readonly protocol: 'TCP'
}

export interface PublishedDeps {
  readonly services: Cache<Service>
  readonly slices: Cache<EndpointSlice>
  readonly clock: Clock
  /** From 0 up to 1. */
  random(): number
  /** Where the ingress takes connections for one of its ports that begin with a PROXY header. */
  ingressAt(port: number): EndpointPort
}

/**
 * Leads ports of the host's loopback to Services: straight to a ready endpoint, another one for each connection; or to
 * the ingress, which is told of the client.
 */
export class PublishedServices {
  readonly #deps: PublishedDeps
  readonly #slices = new SlicesByService()
  readonly #ends = new Map<string, () => void>()

  constructor(deps: PublishedDeps) {
    this.#deps = deps
    deps.slices.onChange((previous, next) => void this.#slices.change(previous, next))
  }

  open(port: PublishedPort, socket: Server | UdpSocket): void {
    this.#ends.set(keyOf(port), this.#lead(port, socket))
  }

  close(port: PublishedPort): void {
    this.#ends.get(keyOf(port))?.()
    this.#ends.delete(keyOf(port))
  }

  #lead(port: PublishedPort, socket: Server | UdpSocket): () => void {
    const { clock, random, ingressAt, services } = this.#deps
    const caches = { services, slices: this.#slices }
    const route = 'ingressPort' in port ? () => [ingressAt(port.ingressPort)] : () => shuffled(targetsOf(port, caches), random)
    if ('bind' in socket) return leadUdp(socket, route, clock)
    return leadTcp(socket, route, 'ingressPort' in port ? proxyHeader : undefined)
  }
}

function keyOf({ protocol, hostPort }: PublishedPort): string {
  return `${protocol} ${hostPort}`
}

function shuffled(targets: readonly EndpointPort[], random: () => number): readonly EndpointPort[] {
  const left = [...targets]
  return targets.flatMap(() => left.splice(Math.floor(random() * left.length), 1))
}
