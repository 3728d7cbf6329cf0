import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestCluster } from './test-cluster.ts'

/** The client outside, whom the cluster's DNS asks: start the cluster with `--dns-upstream` and this. */
export const outsideAddress = '203.0.113.2'

/** Runs dns-upstream-program.ts there, with addresses of hosts without a name; it ends when this is disposed of, once or more often. */
export async function startOutsideHost(cluster: TestCluster, ...nameless: readonly string[]): Promise<AsyncDisposable> {
  const words = ['client', '--name', cluster.name, '--', process.execPath, 'test/dns-upstream-program.ts', outsideAddress, ...nameless]
  const host = spawn('./portolan', words, { env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
  await once(host.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      if (host.exitCode !== null) return
      const ended = once(host, 'exit')
      host.stdin.end()
      await ended
    },
  }
}
