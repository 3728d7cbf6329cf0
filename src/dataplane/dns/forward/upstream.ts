import { formatHostPort, type HostPort } from '../../../base/host-port.ts'

/** Failures in a row after which others are asked first, as CoreDNS counts them. */
const mostFailures = 2

/** A name server elsewhere, and how it has done. */
export class Upstream {
  readonly at: HostPort
  /** `address:port` */
  readonly name: string
  #failures = 0

  constructor(at: HostPort) {
    this.at = at
    this.name = formatHostPort(at)
  }

  get isHealthy(): boolean {
    return this.#failures < mostFailures
  }

  answered(): void {
    this.#failures = 0
  }

  failed(): void {
    this.#failures += 1
  }
}

/** The healthy ones first, else in the order in which they were given. */
export function inOrder(upstreams: readonly Upstream[]): readonly Upstream[] {
  if (upstreams.every(({ isHealthy }) => isHealthy)) return upstreams
  return [...upstreams.filter(({ isHealthy }) => isHealthy), ...upstreams.filter(({ isHealthy }) => !isHealthy)]
}
