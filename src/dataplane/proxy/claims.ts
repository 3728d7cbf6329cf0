import type { Claim } from './compile.ts'
import type { Change } from './diff.ts'

/**
 * The claims of all owners together. Different owners may claim the same key, as two Services with the same endpoint
 * do, and as two that dispute an address; the first by name decides its value. Remembers what changed since the last
 * `take`, so that any number of changes become one.
 */
export class Claims {
  readonly #keys = new Map<string, Map<string, ClaimedKey>>()
  /** Since the last `take`, each key once. */
  #touched: Touched[] = []

  /** Takes in what changed for one owner: the difference between what it claimed until now and claims from now on. */
  change(owner: string, changes: readonly Change<Claim>[]): void {
    for (const { before, after } of changes) {
      if (after !== undefined) this.#touch(after).claim(owner, after)
      else if (before !== undefined) this.#touch(before).release(owner)
    }
  }

  /** The change, in all, since the last call. */
  take(): Change<Claim>[] {
    const changes: Change<Claim>[] = []
    for (const { keys, key, claimed } of this.#touched) {
      const before = claimed.settle()
      const after = claimed.decisive
      if (after === undefined) keys.delete(key)
      const isSame = before?.value === after?.value && (before === undefined) === (after === undefined)
      if (!isSame) changes.push({ before, after })
    }
    this.#touched = []
    return changes
  }

  all(): Claim[] {
    const claimed = [...this.#keys.values()].flatMap((keys) => [...keys.values()])
    return claimed.map(({ decisive }) => decisive).filter((claim) => claim !== undefined)
  }

  #touch({ set, key }: Claim): ClaimedKey {
    const keys = entry(this.#keys, set, () => new Map<string, ClaimedKey>())
    const claimed = entry(keys, key, () => new ClaimedKey())
    if (!claimed.isTouched) this.#touched.push({ keys, key, claimed })
    claimed.isTouched = true
    return claimed
  }
}

interface Touched {
  readonly keys: Map<string, ClaimedKey>
  readonly key: string
  readonly claimed: ClaimedKey
}

/** One key: who decides its value, and who else claims it. Most keys have one owner and no room for more. */
class ClaimedKey {
  /** Since it was last settled. */
  isTouched = false
  #owner: string | undefined
  #decisive: Claim | undefined
  /** When it was last settled. */
  #before: Claim | undefined
  #others: Map<string, Claim> | undefined

  /** Undefined if nobody claims it. */
  get decisive(): Claim | undefined {
    return this.#decisive
  }

  claim(owner: string, claim: Claim): void {
    const [decider, decisive] = [this.#owner, this.#decisive]
    if (decider === undefined || decisive === undefined || owner === decider) {
      this.#decidedBy(owner, claim)
    } else if (owner > decider) {
      this.#claimInVain(owner, claim)
    } else {
      this.#claimInVain(decider, decisive)
      this.#decidedBy(owner, claim)
    }
  }

  release(owner: string): void {
    if (owner !== this.#owner) {
      this.#others?.delete(owner)
      return
    }
    const heir = [...(this.#others ?? [])].reduce<[string, Claim] | undefined>(firstByName, undefined)
    this.#decidedBy(heir?.[0], heir?.[1])
  }

  /** The claim that decided when this was last called. */
  settle(): Claim | undefined {
    const before = this.#before
    this.#before = this.#decisive
    this.isTouched = false
    return before
  }

  #claimInVain(owner: string, claim: Claim): void {
    this.#others ??= new Map()
    this.#others.set(owner, claim)
  }

  #decidedBy(owner: string | undefined, claim: Claim | undefined): void {
    this.#owner = owner
    this.#decisive = claim
    if (owner !== undefined) this.#others?.delete(owner)
  }
}

function firstByName(first: [string, Claim] | undefined, next: [string, Claim]): [string, Claim] {
  return first === undefined || next[0] < first[0] ? next : first
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
