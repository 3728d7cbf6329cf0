import type { Socket as UdpSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { type ServiceCaches, type ServicePort, type Target, targetsOf } from './service-endpoints.ts'
import { leadTcp } from './tcp-port.ts'
import { leadUdp } from './udp-port.ts'

export interface PublishedPort extends ServicePort {
  /** On the host's loopback. */
  readonly hostPort: number
}

export interface PublishedDeps extends ServiceCaches {
  readonly clock: Clock
  /** From 0 up to 1. */
  random(): number
}

/** Leads ports of the host's loopback to Services: straight to a ready endpoint, another one for each connection. */
export class PublishedServices {
  readonly #deps: PublishedDeps
  readonly #ends = new Map<string, () => void>()

  constructor(deps: PublishedDeps) {
    this.#deps = deps
  }

  open(port: PublishedPort, socket: Server | UdpSocket): void {
    const route = () => shuffled(targetsOf(port, this.#deps), this.#deps.random)
    const end = 'bind' in socket ? leadUdp(socket, route, this.#deps.clock) : leadTcp(socket, route)
    this.#ends.set(keyOf(port), end)
  }

  close(port: PublishedPort): void {
    this.#ends.get(keyOf(port))?.()
    this.#ends.delete(keyOf(port))
  }
}

function keyOf({ protocol, hostPort }: PublishedPort): string {
  return `${protocol} ${hostPort}`
}

function shuffled(targets: readonly Target[], random: () => number): readonly Target[] {
  const left = [...targets]
  return targets.flatMap(() => left.splice(Math.floor(random() * left.length), 1))
}
