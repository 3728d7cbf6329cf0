import type { Clock } from '../../base/clock.ts'

export interface ExternalNamesDeps {
  /** IPv4 addresses; rejects if the name has none, with a message that says why. */
  resolve(name: string): Promise<readonly string[]>
  readonly clock: Clock
  /** Some name leads elsewhere now. */
  onChange(): void
}

export interface ExternalAddresses {
  readonly addresses: readonly string[]
  /** Why the name was not resolved when last asked for: the addresses are those from before, if there were any. */
  readonly problem?: string
}

const refreshMs = 30_000
/** After a failure, as the name may have been made only now. */
const retryMs = 5_000

/** A name that is asked for again and again. */
interface Followed {
  found: ExternalAddresses
  /** Ends the wait for the next time. */
  forget: () => void
}

/** Where the names of Services of type ExternalName lead; asked again now and then. */
export class ExternalNames {
  readonly #deps: ExternalNamesDeps
  readonly #followed = new Map<string, Followed>()

  constructor(deps: ExternalNamesDeps) {
    this.#deps = deps
  }

  /** No addresses for a name that is not known yet: `onChange` tells when it is. */
  get(name: string): ExternalAddresses {
    const known = this.#followed.get(name)
    if (known !== undefined) return known.found
    const followed: Followed = { found: { addresses: [] }, forget: () => {} }
    this.#followed.set(name, followed)
    void this.#ask(name, followed)
    return followed.found
  }

  /** Others are asked for no more. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const [name, { forget }] of this.#followed) {
      if (names.has(name)) continue
      forget()
      this.#followed.delete(name)
    }
  }

  async #ask(name: string, followed: Followed): Promise<void> {
    const { resolve, clock, onChange } = this.#deps
    const before = followed.found
    const found = await resolve(name).then(
      (addresses): ExternalAddresses => ({ addresses: [...addresses].sort() }),
      (error: unknown): ExternalAddresses => ({ addresses: before.addresses, problem: error instanceof Error ? error.message : String(error) }),
    )
    // It may have been given up meanwhile, and even asked for anew.
    if (this.#followed.get(name) !== followed) return
    followed.found = found
    followed.forget = clock.after(found.problem === undefined ? refreshMs : retryMs, () => void this.#ask(name, followed))
    if (JSON.stringify(found) !== JSON.stringify(before)) onChange()
  }
}
