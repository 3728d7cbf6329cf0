import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { includeLine, quoteIncluded } from './nft-complaint.ts'
import { nftCommand } from './nft-command.ts'
import { NftProcess } from './nft-process.ts'
import { renderTransaction } from './nft-render.ts'
import { NftError, type Nft, type NftOperation } from './nft.ts'
import type { LastingProcesses, Processes } from './processes.ts'

export interface NftSessionOptions {
  readonly processes: Processes & LastingProcesses
  readonly clock: Clock
  /** Path of a network namespace file; the namespace of this process unless given. */
  readonly netns?: string
  /**
   * Must exist, best in memory (tmpfs). Transactions pass through a file in a directory of the session's own in it;
   * that directory is gone after disposal, but stays when this process is killed.
   */
  readonly scratchDirectory: string
  /** Then nft is started afresh, because it remembers every line that it was told. 10,000 unless given. */
  readonly transactionsPerProcess?: number
  /** For one transaction; then nft is killed. A minute unless given: 200,000 elements take a few seconds. */
  readonly answerWithinMs?: number
}

/** Relative to the working directory of nft, because a path in an `include` is a pattern and has no escapes. */
const file = './transaction.nft'

/** In characters. After a larger one nft is started afresh: it keeps the memory, 130 MB of it after 55,000 elements. */
const largeText = 1_000_000

/**
 * The kernel's nftables through one `nft` that stays: a small transaction takes 1 to 2 ms, because closing a netlink
 * socket, which a process does when it ends, waits for the kernel to free what was deleted. Transactions are applied
 * one after the other in the order of the calls. Reads are processes of their own, as of `nftCommand`.
 *
 * A transaction whose process ends in the middle rejects with `NftError`, and its outcome is unknown; the next one has
 * a new process.
 */
export function nftSession(options: NftSessionOptions): Nft & AsyncDisposable {
  return new NftSession(options)
}

class NftSession implements Nft, AsyncDisposable {
  readonly elements: Nft['elements']
  readonly listTable: Nft['listTable']
  readonly canonical: Nft['canonical']
  readonly #options: NftSessionOptions
  #directory: string | undefined
  #process: NftProcess | undefined
  /** Resolves when everything asked for so far is done, well or not. */
  #settled: Promise<void> = Promise.resolve()
  #disposal: Promise<void> | undefined

  constructor(options: NftSessionOptions) {
    this.#options = options
    const { elements, listTable, canonical } = nftCommand(options)
    this.elements = elements
    this.listTable = listTable
    this.canonical = canonical
  }

  async transaction(operations: readonly NftOperation[]): Promise<void> {
    if (this.#disposal !== undefined) throw new NftError('The session with nft is closed')
    const text = renderTransaction(operations)
    if (text === '') return
    const applied = this.#settled.then(() => this.#apply(text))
    // Whether it was applied is for the caller.
    this.#settled = applied.catch(() => undefined).then(() => this.#retireProcess(text.length))
    await applied
  }

  /** Waits for the transactions that were asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#settled.then(() => this.#dispose())
    await this.#disposal
  }

  async #apply(text: string): Promise<void> {
    this.#directory ??= await mkdtemp(join(this.#options.scratchDirectory, 'nft-'))
    await writeFile(join(this.#directory, file), text, { mode: 0o600 })
    const complaint = await this.#usableProcess(this.#directory).tell(includeLine(file))
    if (complaint !== '') throw new NftError(quoteIncluded(complaint, file))
  }

  #usableProcess(directory: string): NftProcess {
    if (this.#process === undefined || this.#process.hasEnded) {
      const { processes, clock, netns, answerWithinMs = 60_000 } = this.#options
      const where = netns === undefined ? { directory } : { directory, netns }
      this.#process = new NftProcess({ processes, clock, where, answerWithinMs })
    }
    return this.#process
  }

  /** Ends one that has remembered enough, or has grown; the next transaction starts another. */
  async #retireProcess(lastLength: number): Promise<void> {
    const { transactionsPerProcess = 10_000 } = this.#options
    const isWorn = lastLength > largeText || (this.#process?.lines ?? 0) >= transactionsPerProcess
    if (isWorn) await this.#process?.end()
  }

  async #dispose(): Promise<void> {
    await this.#process?.end()
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true })
  }
}
