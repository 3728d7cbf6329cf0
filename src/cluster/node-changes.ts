import { rm } from 'node:fs/promises'
import type { Namespaces } from '../kernel/namespaces.ts'
import { maxNodes } from './address-plan.ts'
import { clusterCertificates } from './certificates.ts'
import { type ClusterConfig, planOf } from './config.ts'
import type { Layout } from './layout.ts'
import { clusterNetwork, nodeName } from './network.ts'
import { ensurePki } from './pki.ts'
import type { ProcessGroup } from './process-group.ts'
import type { ProcessSpecs } from './process-specs.ts'
import type { NodeChange } from './state.ts'
import type { StoredConfig } from './stored-config.ts'
import { teardownNode, type TeardownDeps } from './teardown.ts'
import { UserError } from './user-error.ts'

export interface NodeChangesDeps extends TeardownDeps {
  readonly namespaces: Namespaces
  readonly layout: Layout
  readonly config: StoredConfig
  readonly group: ProcessGroup
  readonly specs: ProcessSpecs
}

/**
 * Adds, removes, stops and starts nodes of a running cluster. Changes must not overlap. To stop a node is to cut its
 * power: everything in it is killed, and only its disk stays. Nodes that are stopped run again after `up`.
 */
export class NodeChanges {
  readonly #deps: NodeChangesDeps

  constructor(deps: NodeChangesDeps) {
    this.#deps = deps
  }

  /** Rejects with `UserError` if it cannot be done; everything is then as it was. */
  async make({ action, node }: NodeChange): Promise<void> {
    switch (action) {
      case 'add':
        return this.#add(node)
      case 'remove':
        return this.#remove(node)
      case 'stop':
        return this.#stop(this.#existing(node))
      case 'start':
        return this.#start(this.#existing(node))
      default:
        return action satisfies never
    }
  }

  async #add(node: number): Promise<void> {
    const name = nodeName(node)
    if (this.#config.nodes.includes(node)) throw new UserError(`there is a node ${name} already`)
    const most = maxNodes(planOf(this.#config))
    if (node < 1 || node > most) throw new UserError(`${name} is out of range: these address ranges hold node-1 to node-${most}`)
    const before = this.#config
    const nodes = [...before.nodes, node].sort((a, b) => a - b)
    await ensurePki(this.#deps.layout.pki, clusterCertificates({ ...before, nodes }))
    await this.#deps.config.update({ nodes })
    try {
      await this.#start(node)
    } catch (error) {
      await this.#discard(node)
      throw error
    }
  }

  async #remove(node: number): Promise<void> {
    this.#existing(node)
    if (this.#config.nodes.length === 1) {
      throw new UserError(`${nodeName(node)} is the only node: wipe the cluster with ./portolan delete`)
    }
    await this.#discard(node)
  }

  /** Leaves nothing of a node, its disk included. */
  async #discard(node: number): Promise<void> {
    await this.#stop(node)
    await this.#deps.config.update({ nodes: this.#config.nodes.filter((other) => other !== node) })
    await rm(this.#deps.layout.node(nodeName(node)).state, { recursive: true, force: true })
    this.#deps.group.forget(nodeName(node))
  }

  async #stop(node: number): Promise<void> {
    await this.#deps.group.stop(nodeName(node))
    await teardownNode(this.#config.name, node, this.#deps)
    await this.#network().removeNode(node)
  }

  /** Resolves when the node is ready; one that runs already is left alone. */
  async #start(node: number): Promise<void> {
    const { group, specs } = this.#deps
    const state = group.states.find(({ name }) => name === nodeName(node))?.state
    if (state !== undefined && state !== 'stopped') return
    await this.#network().addNode(planOf(this.#config), node)
    await group.start(specs.agent(node)).ready
  }

  #network() {
    return clusterNetwork(this.#config.name, this.#deps.namespaces)
  }

  #existing(node: number): number {
    const { nodes } = this.#config
    if (nodes.includes(node)) return node
    throw new UserError(`there is no node ${nodeName(node)}: choose one of ${nodes.map(nodeName).join(', ')}`)
  }

  get #config(): ClusterConfig {
    return this.#deps.config.current
  }
}
