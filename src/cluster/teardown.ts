import { rm } from 'node:fs/promises'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Mounts } from '../kernel/mounts.ts'
import type { Namespaces } from '../kernel/namespaces.ts'
import type { Layout } from './layout.ts'
import { clusterNetwork } from './network.ts'

export interface TeardownDeps {
  readonly namespaces: Namespaces
  readonly cgroups: Cgroups
  readonly mounts: Mounts
}

/** The control group that holds every process of a cluster. */
export function clusterCgroup(cluster: string): string {
  return `portolan/${cluster}`
}

/** The control group of one node: its agent, containerd and everything that these started. Containers are below it. */
export function nodeCgroup(cluster: string, node: number): string {
  return `${clusterCgroup(cluster)}/node-${node}`
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
  await clusterNetwork(cluster, deps.namespaces).down()
  await rm(layout.run, { recursive: true, force: true })
}
