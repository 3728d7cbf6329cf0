import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { TestCluster } from '../test/test-cluster.ts'

/** What a new connection meets. */
export type Sight = 'open' | 'refused'

/** A process in a node's network namespace that finds out since when an address answers, or refuses, there. */
export class Probe implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(cluster: TestCluster, node: string, { address, port }: { address: string; port: number }) {
    const program = fileURLToPath(new URL('probe-program.ts', import.meta.url))
    const command = [process.execPath, program, address, String(port)]
    const root = fileURLToPath(new URL('..', import.meta.url))
    this.#child = spawn('./portolan', ['node', 'exec', '--name', cluster.name, node, '--', ...command], {
      cwd: root,
      env: cluster.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves, when it looks, to the promise of the time at which it saw that: milliseconds of CLOCK_MONOTONIC. */
  async look(wanted: Sight): Promise<{ readonly seenAt: Promise<number> }> {
    this.#child.stdin.write(`${wanted}\n`)
    await this.#line()
    return { seenAt: this.#line().then((line) => Number(BigInt(line)) / 1e6) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    // The end of its input is its own, unless it still looks for what does not come.
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
