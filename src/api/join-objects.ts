/** What machines that join read, by the names under which the server publishes it. */

/** A kubeconfig with the cluster's address and authority, and without a user; as kubeadm has it. */
export const clusterInfoName = { namespace: 'kube-public', name: 'cluster-info' } as const
export const clusterInfoKey = 'kubeconfig'

/** What a node must know of the cluster besides. */
export const nodeSettingsName = { namespace: 'kube-system', name: 'portolan-node' } as const

/** Keys of its data. */
export const nodeSettingsKeys = {
  /** Ranges: `10.108.0.0/16`. */
  pods: 'podCIDR',
  services: 'serviceCIDR',
  nodes: 'nodeCIDR',
  outside: 'outsideCIDR',
  /** `10.96.0.10` */
  dnsAddress: 'clusterDNS',
  /** `cluster.local` */
  domain: 'clusterDomain',
  /** How the DNS servers behave, in JSON. */
  dns: 'dns.json',
} as const
