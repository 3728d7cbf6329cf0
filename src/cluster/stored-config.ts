import { type ClusterConfig, writeConfig } from './config.ts'

/** The configuration of a running cluster: on disk as in memory. */
export class StoredConfig {
  readonly #file: string
  readonly #onChange: (config: ClusterConfig) => void
  #current: ClusterConfig

  constructor(current: ClusterConfig, file: string, onChange: (config: ClusterConfig) => void) {
    this.#current = current
    this.#file = file
    this.#onChange = onChange
  }

  get current(): ClusterConfig {
    return this.#current
  }

  /** Stores it with some fields replaced. Calls must not overlap. */
  async update(change: Partial<ClusterConfig>): Promise<void> {
    const next = { ...this.#current, ...change }
    await writeConfig(this.#file, next)
    this.#current = next
    this.#onChange(next)
  }
}
