import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from './test-cluster.ts'

/** What became of a number of requests. */
export interface Asked {
  readonly count: number
  /** By error code or status; empty if all were answered. */
  readonly failures: Readonly<Record<string, number>>
  /** The first of them one by one, to be matched with what happened then. */
  readonly firstFailures: readonly Failure[]
  /** Milliseconds until the answer. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Failure {
  /** When it was known, RFC 3339. */
  readonly at: string
  /** Code or status. */
  readonly error: string
  /** Address and port that it was asked from. */
  readonly client: string
  readonly tookMs: number
}

export interface Requests {
  readonly url: string
  /** `new`: a connection for each request. */
  readonly connections: 'new' | 'keep-alive'
  readonly count: number
  readonly perSecond: number
  readonly concurrency: number
}

/** A pod with Node.js in it, a node, or a client outside of the cluster. */
export type Place = { readonly pod: string } | { readonly node: string } | 'outside'

const program = fileURLToPath(new URL('request-program.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/** Asks from a place of the cluster, and ends by itself. */
export async function ask(cluster: TestCluster, from: Place, requests: Requests): Promise<Asked> {
  const { url, connections, count, perSecond, concurrency } = requests
  const args = [url, connections, String(count), String(perSecond), String(concurrency)]
  const command = commandAt(cluster, from, args)
  const [name = '', ...words] = command
  const child = spawn(name, words, { cwd: root, env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // one that reads nothing does not fail for it
  createReadStream(program).pipe(child.stdin)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${output}`)
  return JSON.parse(output) as Asked
}

function commandAt({ name }: TestCluster, from: Place, args: readonly string[]): readonly string[] {
  if (from === 'outside') return ['./portolan', 'client', '--name', name, '--', process.execPath, program, ...args]
  if ('node' in from) return ['./portolan', 'node', 'exec', '--name', name, from.node, '--', process.execPath, program, ...args]
  return ['kubectl', 'exec', '-i', from.pod, '--', 'node', '--input-type=module-typescript', '-', ...args]
}

/** How many. */
export function failed({ failures }: Asked): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0)
}
