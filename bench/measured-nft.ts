import { tmpdir } from 'node:os'
import { systemClock } from '../src/base/clock.ts'
import { nftSession } from '../src/kernel/nft-session.ts'
import type { Nft, NftOperation } from '../src/kernel/nft.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import type { TestNamespace } from '../src/kernel/test-network.ts'
import { childrenOf, cpuOf, peakMemoryOf, programOf, type CpuTime } from './process-usage.ts'

/** Loading chains for 5,000 Services takes nft longer than a proxy would wait. */
const answerWithinMs = 240_000

/** An nft session in a namespace that tells what it costs. One at a time, because its process is found by its name. */
export class MeasuredNft implements Nft, AsyncDisposable {
  readonly elements: Nft['elements']
  readonly listTable: Nft['listTable']
  readonly canonical: Nft['canonical']
  readonly #session: Nft & AsyncDisposable
  #transactionMs = 0
  #underWay = 0
  /** When the first of those under way began. */
  #since = 0

  constructor({ path: netns }: TestNamespace) {
    const session = nftSession({ processes: realProcesses, clock: systemClock, netns, scratchDirectory: tmpdir(), answerWithinMs })
    this.#session = session
    this.elements = session.elements
    this.listTable = session.listTable
    this.canonical = session.canonical
  }

  /** Time in which there was a transaction under way since the start: text written, parsed, sent to the kernel, answered. */
  get transactionMs(): number {
    return this.#transactionMs
  }

  /** Of the process that applies transactions, in user space (reading text) and in the kernel. */
  get cpu(): CpuTime {
    return cpuOf(this.#pid())
  }

  get peakMegabytes(): number {
    return peakMemoryOf(this.#pid())
  }

  async transaction(operations: readonly NftOperation[]): Promise<void> {
    if (this.#underWay === 0) this.#since = performance.now()
    this.#underWay += 1
    try {
      await this.#session.transaction(operations)
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#transactionMs += performance.now() - this.#since
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#session[Symbol.asyncDispose]()
  }

  #pid(): number {
    const pid = childrenOf(process.pid).find((child) => programOf(child) === 'nft')
    if (pid === undefined) throw new Error('no transaction has been sent yet')
    return pid
  }
}
