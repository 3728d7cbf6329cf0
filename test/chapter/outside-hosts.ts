import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { run, type TestCluster } from '../test-cluster.ts'

/** The client outside, whom the cluster's DNS asks: start the cluster with `--dns-upstream` and this. */
export const upstream = '203.0.113.2'
/** Those of the chapter's Endpoints. */
const external = ['11.11.11.11', '22.22.22.22'] as const

/** The hosts of the chapter outside of the cluster, in its own namespaces; nothing of the machine's network is touched. */
export async function startOutsideHosts(cluster: TestCluster): Promise<AsyncDisposable> {
  for (const address of external) {
    await cluster.portolan('client', '--', 'ip', 'address', 'add', `${address}/32`, 'dev', 'lo')
    const edge = `/run/netns/portolan-${cluster.name}-edge`
    const { code, stderr } = await run('nsenter', [`--net=${edge}`, '--', 'ip', 'route', 'add', `${address}/32`, 'via', upstream])
    if (code !== 0) throw new Error(stderr)
  }
  const program = ['client', '--name', cluster.name, '--', process.execPath, 'test/dns-upstream-program.ts', upstream, ...external]
  const hosts = spawn('./portolan', program, { env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
  await once(hosts.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(hosts, 'exit')
      hosts.stdin.end()
      await ended
    },
  }
}
