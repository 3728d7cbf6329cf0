import type { Clock } from '../../base/clock.ts'

export interface ExternalNamesDeps {
  /** IPv4 addresses; rejects if the name has none. */
  resolve(name: string): Promise<readonly string[]>
  readonly clock: Clock
  /** Some name leads elsewhere now. */
  onChange(): void
}

const refreshMs = 30_000

/** Where the names of Services of type ExternalName lead; asked again now and then. */
export class ExternalNames {
  readonly #deps: ExternalNamesDeps
  readonly #known = new Map<string, readonly string[]>()

  constructor(deps: ExternalNamesDeps) {
    this.#deps = deps
  }

  /** None for a name that is not known yet: `onChange` tells when it is. What was known of one stays if it cannot be asked. */
  addressesOf(name: string): readonly string[] {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    this.#known.set(name, [])
    void this.#ask(name)
    return []
  }

  /** Others are asked no more. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
  }

  async #ask(name: string): Promise<void> {
    const { resolve, clock, onChange } = this.#deps
    const before = this.#known.get(name)
    if (before === undefined) return
    const found = await resolve(name).catch(() => before)
    if (!this.#known.has(name)) return
    const addresses = [...found].sort()
    this.#known.set(name, addresses)
    if (addresses.join() !== before.join()) onChange()
    clock.after(refreshMs, () => void this.#ask(name))
  }
}
