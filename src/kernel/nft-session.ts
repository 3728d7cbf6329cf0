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

/**
 * Taken in turn, so that one can be written while nft reads the other. Relative to the working directory of nft, because
 * a path in an `include` is a pattern and has no escapes.
 */
const files = ['./transaction-0.nft', './transaction-1.nft'] as const

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

interface Told {
  /** Of nft, empty if there is none. */
  readonly complaint: Promise<string>
  /** Resolves when there may be told more. */
  readonly listening: Promise<void>
}

class NftSession implements Nft, AsyncDisposable {
  readonly elements: Nft['elements']
  readonly listTable: Nft['listTable']
  readonly canonical: Nft['canonical']
  readonly #options: NftSessionOptions
  #directory: Promise<string> | undefined
  #process: NftProcess | undefined
  #transactions = 0
  /** Resolves when everything asked for so far is done, well or not. */
  #settled: Promise<void> = Promise.resolve()
  /** The same without the last transaction. */
  #settledBefore: Promise<void> = Promise.resolve()
  /** Resolves when nft can be told the next line, which it may be while it is busy with the last. */
  #listening: Promise<void> = Promise.resolve()
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
    const file = files[this.#transactions++ % 2 === 0 ? 0 : 1]
    const written = this.#settledBefore.then(() => this.#write(file, text))
    const told = Promise.all([written, this.#listening]).then(([directory]) => this.#tell(directory, { file, text }))
    const answered = told.then(({ complaint }) => complaint)
    this.#listening = told.then(({ listening }) => listening, () => undefined)
    this.#settledBefore = this.#settled
    // Whether it was applied is for the caller.
    this.#settled = Promise.allSettled([this.#settled, answered, this.#listening]).then(() => undefined)
    const complaint = await answered
    if (complaint !== '') throw new NftError(quoteIncluded(complaint, file))
  }

  /** Waits for the transactions that were asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#settled.then(() => this.#dispose())
    await this.#disposal
  }

  /** Resolves to the directory. */
  async #write(file: string, text: string): Promise<string> {
    this.#directory ??= mkdtemp(join(this.#options.scratchDirectory, 'nft-'))
    const directory = await this.#directory.catch((error: unknown) => {
      this.#directory = undefined // the next may be luckier
      throw error
    })
    await writeFile(join(directory, file), text, { mode: 0o600 })
    return directory
  }

  #tell(directory: string, { file, text }: { file: string; text: string }): Told {
    const process = this.#usableProcess(directory)
    const complaint = process.tell(includeLine(file))
    const { transactionsPerProcess = 10_000 } = this.#options
    // One that has remembered enough, or has grown, is ended; the next transaction starts another.
    const isWorn = text.length > largeText || process.lines >= transactionsPerProcess
    const end = () => process.end()
    return { complaint, listening: isWorn ? complaint.then(end, end) : Promise.resolve() }
  }

  #usableProcess(directory: string): NftProcess {
    if (this.#process === undefined || this.#process.hasEnded) {
      const { processes, clock, netns, answerWithinMs = 60_000 } = this.#options
      const where = netns === undefined ? { directory } : { directory, netns }
      this.#process = new NftProcess({ processes, clock, where, answerWithinMs })
    }
    return this.#process
  }

  async #dispose(): Promise<void> {
    await this.#process?.end()
    if (this.#directory !== undefined) await rm(await this.#directory, { recursive: true, force: true })
  }
}
