/**
 * Keys in the order in which they are due: by priority, highest first, and by arrival among equals. A key is in the line
 * at most once. Each step costs as much as there are different priorities, however many keys there are.
 */
export class PriorityLine {
  readonly #byPriority = new Map<number, Set<string>>()
  readonly #priorities = new Map<string, number>()

  /** A key that is in the line already keeps its place, unless its priority has changed. */
  push(key: string, priority: number): void {
    const known = this.#priorities.get(key)
    if (known === priority) return
    if (known !== undefined) this.#remove(key, known)
    this.#priorities.set(key, priority)
    const equals = this.#byPriority.get(priority)
    if (equals === undefined) this.#byPriority.set(priority, new Set([key]))
    else equals.add(key)
  }

  shift(): string | undefined {
    if (this.#byPriority.size === 0) return undefined
    const highest = [...this.#byPriority.keys()].reduce((a, b) => Math.max(a, b))
    const [key] = this.#byPriority.get(highest) ?? []
    if (key !== undefined) this.#remove(key, highest)
    return key
  }

  clear(): void {
    this.#byPriority.clear()
    this.#priorities.clear()
  }

  #remove(key: string, priority: number): void {
    const equals = this.#byPriority.get(priority)
    equals?.delete(key)
    if (equals?.size === 0) this.#byPriority.delete(priority)
    this.#priorities.delete(key)
  }
}
