import { podNetworkName } from '../cluster/network.ts'
import type { TeardownDeps } from '../cluster/teardown.ts'
import { removeLeftovers } from '../node/containerd/leftovers.ts'

/** What a node's containerd and network plugins leave outside of the cluster's folders. */
export const removeRuntimeLeftovers: TeardownDeps['removeRuntimeLeftovers'] = (cluster, node, { containerdState }) =>
  removeLeftovers({ state: containerdState, networkName: podNetworkName(cluster, node) })
