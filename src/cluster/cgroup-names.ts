/** The control group that holds every process of a cluster but its supervisor. */
export function clusterCgroup(cluster: string): string {
  return `/portolan/${cluster}`
}

/** Server and edge. Processes are in leaves only, as cgroup v2 asks. */
export function systemCgroup(cluster: string): string {
  return `${clusterCgroup(cluster)}/system`
}

/** What leads out of the cluster. */
export function egressCgroup(cluster: string): string {
  return `${clusterCgroup(cluster)}/egress`
}

/** Everything of a node. */
export function nodeCgroup(cluster: string, node: number): string {
  return `${clusterCgroup(cluster)}/node-${node}`
}

/** The agent of a node, its containerd and the shims. */
export function nodeSystemCgroup(cluster: string, node: number): string {
  return `${nodeCgroup(cluster, node)}/system`
}

/** Above the pods of a node. */
export function nodePodsCgroup(cluster: string, node: number): string {
  return `${nodeCgroup(cluster, node)}/pods`
}
