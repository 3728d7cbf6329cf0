import type { Kind } from '../api/kind.ts'
import { groupResource, type Resource } from '../api/resource.ts'

/** The kinds being served. Kinds can be added while the server runs. */
export class KindRegistry {
  readonly #kinds = new Map<string, Kind>()

  constructor(kinds: readonly Kind[] = []) {
    for (const kind of kinds) this.add(kind)
  }

  /** Throws if the resource is served already. */
  add(kind: Kind): void {
    const id = idOf(kind.resource)
    if (this.#kinds.has(id)) throw new Error(`${id} is served already`)
    this.#kinds.set(id, kind)
  }

  find(resource: Pick<Resource, 'group' | 'version' | 'plural'>): Kind | undefined {
    return this.#kinds.get(idOf(resource))
  }

  all(): readonly Kind[] {
    return [...this.#kinds.values()]
  }
}

function idOf(resource: Pick<Resource, 'group' | 'version' | 'plural'>): string {
  return `${groupResource(resource)}/${resource.version}`
}
