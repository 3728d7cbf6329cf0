export interface PodNetwork {
  /** The network's name; unique on the machine, because the CNI library keeps its results by it. */
  readonly name: string
  /** The node's range, such as `10.108.1.0/24`. Its first address is the node's own end. */
  readonly podCIDR: string
  /** Where the addresses in use are kept; under /run, so that none is held by a pod that ended with the machine. */
  readonly dataDir: string
}

/** File name of the configuration in containerd's `cniConfDir`. */
export const cniConfigFile = '10-portolan.conflist'

/**
 * The pods' network as a CNI configuration list (https://www.cni.dev/docs/spec): a pair of devices between pod and
 * node, routed, not translated. `portmap` serves `hostPort`; it does nothing for pods without, and for the others it
 * needs iptables in the machine.
 */
export function cniConfig({ name, podCIDR, dataDir }: PodNetwork): string {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: podCIDR }]],
    routes: [{ dst: '0.0.0.0/0' }],
    dataDir,
  }
  const plugins = [
    { type: 'ptp', mtu: 1500, ipMasq: false, ipam },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ]
  return `${JSON.stringify({ cniVersion: '1.0.0', name, plugins }, undefined, 2)}\n`
}
