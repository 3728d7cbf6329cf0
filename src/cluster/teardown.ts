import { readdir, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Mounts } from '../kernel/mounts.ts'
import type { Namespaces } from '../kernel/namespaces.ts'
import { clusterCgroup, nodeCgroup } from './cgroup-names.ts'
import type { Layout, NodeLayout } from './layout.ts'
import { clusterNetwork, nodeName } from './network.ts'

export interface TeardownDeps {
  readonly namespaces: Namespaces
  readonly cgroups: Cgroups
  readonly mounts: Mounts
  /** Removes what a node's container runtime leaves in places of its own. Its processes have ended. */
  removeRuntimeLeftovers(cluster: string, node: number, layout: NodeLayout): Promise<void>
}

/**
 * Leaves no process, namespace or mount of a cluster behind, whoever made them; state on disk is kept. Needs no
 * supervisor: what is there is found in the kernel. Idempotent.
 */
export async function teardown(cluster: string, layout: Layout, deps: TeardownDeps): Promise<void> {
  await deps.cgroups.kill(clusterCgroup(cluster))
  await deps.cgroups.remove(clusterCgroup(cluster))
  await deps.mounts.unmountBelow(layout.run)
  await deps.mounts.unmountBelow(layout.state)
  for (const node of await nodesThatRan(layout)) {
    await deps.removeRuntimeLeftovers(cluster, node, layout.node(nodeName(node)))
  }
  await clusterNetwork(cluster, deps.namespaces).down()
  await rm(layout.run, { recursive: true, force: true })
  await removeIfEmpty(dirname(layout.run))
}

/** The same for one node of a cluster that runs on. Its namespace stays. */
export async function teardownNode(
  cluster: string,
  node: number,
  deps: TeardownDeps & { readonly layout: Layout },
): Promise<void> {
  const { run, state } = deps.layout.node(nodeName(node))
  await deps.cgroups.kill(nodeCgroup(cluster, node))
  await deps.cgroups.remove(nodeCgroup(cluster, node))
  await deps.mounts.unmountBelow(run)
  await deps.mounts.unmountBelow(state)
  await deps.removeRuntimeLeftovers(cluster, node, deps.layout.node(nodeName(node)))
  await rm(run, { recursive: true, force: true })
}

/** By the folders that their agents have made. */
async function nodesThatRan({ run }: Layout): Promise<readonly number[]> {
  const names = await readdir(run).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.flatMap((name) => /^node-(\d+)$/.exec(name)?.slice(1).map(Number) ?? []).sort((a, b) => a - b)
}

/** The folder of all clusters goes with the last of them, and one of others stays. No error if it is not there. */
export async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
