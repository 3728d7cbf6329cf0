import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from '../test/test-cluster.ts'

/** What became of the requests, or echoes, of each sort of clients; failures by reason. */
export type Clients = Readonly<Record<string, { readonly count: number; readonly failures: Readonly<Record<string, number>> }>>

export interface ClientsOptions {
  /** Of the ingress. */
  readonly address: string
  /** Whose `/` is asked for. */
  readonly hosts: readonly string[]
  readonly seconds: number
}

const program = fileURLToPath(new URL('ingress-clients-program.ts', import.meta.url))

/** All sorts of clients, outside of the cluster, for a time. Each failure is told as it comes. */
export async function runClients({ name, environment }: TestCluster, { address, hosts, seconds }: ClientsOptions): Promise<Clients> {
  const args = ['client', '--name', name, '--', process.execPath, program, address, '80', '443', hosts.join(), String(seconds)]
  const child = spawn('./portolan', args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the clients ended with ${code}: ${output}`)
  return JSON.parse(output) as Clients
}
