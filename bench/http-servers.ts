import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realProcesses } from '../src/kernel/real-processes.ts'
import type { TestNamespace } from '../src/kernel/test-network.ts'
import { childrenOf, cpuOf, programOf } from './process-usage.ts'

/** HAProxy servers that answer by themselves, one thread each. */
export class HttpServers implements AsyncDisposable {
  readonly #directory: string
  readonly #port: number
  readonly #ends: (() => Promise<unknown>)[] = []

  private constructor(directory: string, port: number) {
    this.#directory = directory
    this.#port = port
  }

  static async create(port: number): Promise<HttpServers> {
    const directory = await mkdtemp(join(tmpdir(), 'bench-haproxy-'))
    await writeFile(join(directory, 'answer.cfg'), configuration(port))
    return new HttpServers(directory, port)
  }

  /** Resolves when it answers. */
  async start(namespace: TestNamespace): Promise<void> {
    // It ends when the shell's input does, and so when this process does.
    const command = `haproxy -db -f ${join(this.#directory, 'answer.cfg')} & cat; kill $!; wait`
    const server = realProcesses.start(['sh', '-c', command], { netns: namespace.path })
    this.#ends.push(() => {
      server.endInput()
      return server.ended
    })
    const retry = ['--retry', '50', '--retry-connrefused', '--retry-delay', '1']
    await namespace.run('curl', '-sf', ...retry, `http://127.0.0.1:${this.#port}/`)
  }

  /** Milliseconds of CPU that all of them have used so far. */
  get cpu(): number {
    const servers = childrenOf(process.pid).flatMap(childrenOf).filter((pid) => programOf(pid) === 'haproxy')
    return servers.map(cpuOf).reduce((sum, { user, system }) => sum + user + system, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()))
    await rm(this.#directory, { recursive: true })
  }
}

function configuration(port: number): string {
  return `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout client 10s
  timeout http-request 10s
  timeout http-keep-alive 10s
frontend all
  bind :${port}
  http-request return status 200 content-type text/plain string ok
`
}
