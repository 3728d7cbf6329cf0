import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from '../test/test-cluster.ts'

/** A process in a node's network namespace that finds out since when a name is answered as wanted. */
export class DnsProbe implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(cluster: TestCluster, node: string) {
    const program = fileURLToPath(new URL('dns-probe-program.ts', import.meta.url))
    const command = ['./portolan', 'node', 'exec', '--name', cluster.name, node, '--', process.execPath, program] as const
    const [file, ...args] = command
    const root = fileURLToPath(new URL('..', import.meta.url))
    this.#child = spawn(file, args, { cwd: root, env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves, when it looks, to the promise of the time at which it saw that: milliseconds of CLOCK_MONOTONIC. `*`: any address. */
  async lookFor(name: string, address: string): Promise<{ readonly seenAt: Promise<number> }> {
    this.#child.stdin.write(`${name} ${address}\n`)
    await this.#line()
    return { seenAt: this.#line().then((line) => Number(BigInt(line)) / 1e6) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.stdin.end()
    this.#child.kill()
    await ended
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('a probe has ended')
    return value
  }
}
