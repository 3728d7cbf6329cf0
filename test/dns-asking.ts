import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from './test-cluster.ts'

/** What became of questions that were asked all the time. */
export interface DnsAsked {
  readonly answers: number
  /** How often each: error codes of the socket, such as ECONNREFUSED, and response codes. */
  readonly failures: Readonly<Record<string, number>>
  /** From the first failure to the last. */
  readonly failedForMs: number
  /** Between two good answers. */
  readonly longestGapMs: number
  /** From a question to its answer. */
  readonly slowestMs: number
}

/** A process on a node that asks the cluster's DNS for one name all the time. */
export class DnsAsking implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves when the first answer has come. */
  static async begin(cluster: TestCluster, node: string, name: string): Promise<DnsAsking> {
    const program = fileURLToPath(new URL('dns-asker-program.ts', import.meta.url))
    const words = ['node', 'exec', '--name', cluster.name, node, '--', process.execPath, program, '10.96.0.10', name]
    const root = fileURLToPath(new URL('..', import.meta.url))
    const child = spawn('./portolan', words, { cwd: root, env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
    const asking = new DnsAsking(child)
    await asking.#line()
    return asking
  }

  async end(): Promise<DnsAsked> {
    this.#child.stdin.end()
    return JSON.parse(await this.#line()) as DnsAsked
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the process that asks has ended')
    return value
  }
}
