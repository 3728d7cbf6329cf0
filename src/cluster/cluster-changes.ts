import type { NodeChanges } from './node-changes.ts'
import type { PublishedPorts } from './published-ports.ts'
import type { ClusterChange } from './state.ts'

/** What may be changed while a cluster runs, one change after the other. */
export class ClusterChanges {
  readonly #parts: { readonly nodes: NodeChanges; readonly published: PublishedPorts }
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: { readonly nodes: NodeChanges; readonly published: PublishedPorts }) {
    this.#parts = parts
  }

  /** Rejects with `UserError` if it cannot be done; everything is then as it was. */
  make(change: ClusterChange): Promise<void> {
    const made = this.#last.then(() => this.#make(change))
    this.#last = made.catch(() => {})
    return made
  }

  /** Resolves when no change is under way. */
  async settled(): Promise<void> {
    await this.#last
  }

  #make(change: ClusterChange): Promise<void> {
    const { nodes, published } = this.#parts
    switch (change.action) {
      case 'publish':
        return published.publish(change.ports)
      case 'unpublish':
        return published.unpublish(change.subject)
      default:
        return nodes.make(change)
    }
  }
}
