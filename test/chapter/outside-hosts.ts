import { outsideAddress, startOutsideHost } from '../outside-host.ts'
import { run, type TestCluster } from '../test-cluster.ts'

/** Those of the chapter's Endpoints. */
const external = ['11.11.11.11', '22.22.22.22'] as const

/** The hosts of the chapter outside of the cluster, in its own namespaces; nothing of the machine's network is touched. */
export async function startOutsideHosts(cluster: TestCluster): Promise<AsyncDisposable> {
  for (const address of external) {
    await cluster.portolan('client', '--', 'ip', 'address', 'add', `${address}/32`, 'dev', 'lo')
    const edge = `/run/netns/portolan-${cluster.name}-edge`
    const { code, stderr } = await run('nsenter', [`--net=${edge}`, '--', 'ip', 'route', 'add', `${address}/32`, 'via', outsideAddress])
    if (code !== 0) throw new Error(stderr)
  }
  return startOutsideHost(cluster, ...external)
}
