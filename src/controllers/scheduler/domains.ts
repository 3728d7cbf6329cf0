import { domainOf, type NodeInfo } from './node-info.ts'

/** Some domains of some topologies, such as two of the zones and one host. */
export class Domains {
  readonly #byTopology = new Map<string, Set<string>>()

  get isEmpty(): boolean {
    return this.#byTopology.size === 0
  }

  /** The node's domain, if it is in one. */
  add(node: NodeInfo, topologyKey: string): void {
    const domain = domainOf(node, topologyKey)
    if (domain === undefined) return
    const known = this.#byTopology.get(topologyKey)
    if (known === undefined) this.#byTopology.set(topologyKey, new Set([domain]))
    else known.add(domain)
  }

  has(node: NodeInfo, topologyKey: string): boolean {
    const domain = domainOf(node, topologyKey)
    return domain !== undefined && this.#byTopology.get(topologyKey)?.has(domain) === true
  }

  hasAny(node: NodeInfo): boolean {
    return [...this.#byTopology.keys()].some((topologyKey) => this.has(node, topologyKey))
  }
}
