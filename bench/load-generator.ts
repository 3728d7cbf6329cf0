import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realProcesses } from '../src/kernel/real-processes.ts'
import type { TestNamespace } from '../src/kernel/test-network.ts'
import { cpuOfChildren } from './process-usage.ts'

/** `new`: a connection for each request. */
export type Connections = 'keep-alive' | 'new'

export interface Load {
  readonly from: Pick<TestNamespace, 'run'>
  /** Thread after thread takes the next, so that several are loaded alike. */
  readonly addresses: readonly string[]
  readonly port: number
  readonly connections: Connections
  /** `/` unless given. */
  readonly path?: string
}

export interface Answers {
  readonly count: number
  readonly perSecond: number
  /** Of 1,000,000 bytes, headers included. */
  readonly megabytesPerSecond: number
  /** Milliseconds within which 99 of 100 were answered. */
  readonly p99: number
  /** Milliseconds of CPU that wrk has used for them. */
  readonly cpu: number
}

const threads = 3
const concurrency = 48
const seconds = 1
/** `setup` is called for each thread, and `addr` is what its connections go to. */
const script = `
local threads = 0
function setup(thread)
  local addresses = {}
  for address in os.getenv("ADDRESSES"):gmatch("%S+") do addresses[#addresses + 1] = address end
  thread.addr = wrk.lookup(addresses[threads % #addresses + 1], os.getenv("PORT"))[1]
  threads = threads + 1
end
`

/** Prints the shell's own line of /proc/PID/stat at the end, in which is what its children have used. */
const thenUsage = ['sh', '-c', '"$@" && cat /proc/$$/stat', 'sh'] as const

/** wrk, in a namespace of one's choice. */
export class LoadGenerator implements AsyncDisposable {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async create(): Promise<LoadGenerator> {
    const directory = await mkdtemp(join(tmpdir(), 'bench-wrk-'))
    await writeFile(join(directory, 'spread.lua'), script)
    return new LoadGenerator(directory)
  }

  /** Asks for a short time. Rejects if any request failed. */
  async run({ from, addresses, port, connections, path = '/' }: Load): Promise<Answers> {
    const header = connections === 'new' ? ['-H', 'Connection: close'] : []
    const where = ['env', `ADDRESSES=${addresses.join(' ')}`, `PORT=${port}`] as const
    const how = ['wrk', `-t${threads}`, `-c${concurrency}`, `-d${seconds}s`, '--latency', '-s', join(this.#directory, 'spread.lua'), ...header]
    const output = await from.run(...where, ...thenUsage, ...how, `http://${addresses[0]}:${port}${path}`)
    const problem = /^ *(Socket errors|Non-2xx).*$/m.exec(output)?.[0]
    if (problem !== undefined) throw new Error(`requests to ${addresses.join(', ')} port ${port} failed: ${problem.trim()}`)
    return {
      count: Number(/^ *(\d+) requests in /m.exec(output)?.[1] ?? NaN),
      perSecond: Number(/^Requests\/sec: +([\d.]+)/m.exec(output)?.[1] ?? NaN),
      megabytesPerSecond: bytesIn(/^Transfer\/sec: +(.+)$/m.exec(output)?.[1] ?? '') / 1_000_000,
      p99: millisecondsIn(/^ *99% +(\S+)$/m.exec(output)?.[1] ?? ''),
      cpu: cpuOfChildren(output.trimEnd().split('\n').at(-1) ?? ''),
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#directory, { recursive: true })
  }
}

/** A network namespace by its path; that of this process if there is none. */
export function placeIn(netns: string | undefined): Load['from'] {
  const options = netns === undefined ? {} : { netns }
  return { run: async (...command) => (await realProcesses.run(command, options)).stdout }
}

/** `850.00us`, `1.28ms` or `1.02s`. */
function millisecondsIn(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? []
  return Number(number === '' ? NaN : number) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? NaN)
}

/** wrk counts in units of 1024: `1.42GB`. */
function bytesIn(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)([KMGT]?)B$/.exec(text) ?? []
  return Number(number === '' ? NaN : number) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit)
}
