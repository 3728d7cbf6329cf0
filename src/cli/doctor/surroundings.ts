import { clientAddress, dnsServiceAddress, ingressAddress, nodeAddress } from '../../cluster/address-plan.ts'
import { nodePodsCgroup } from '../../cluster/cgroup-names.ts'
import { planOf, type ClusterConfig } from '../../cluster/config.ts'
import { namespaceNames, nodeName } from '../../cluster/network.ts'
import type { ProcessState } from '../../cluster/state.ts'
import type { Surroundings } from '../../doctor/facts.ts'
import type { CliContext } from '../context.ts'

/** Where the parts of a cluster are on this machine. */
export function surroundingsOf({ namespaces }: CliContext, config: ClusterConfig, states: readonly ProcessState[]): Surroundings {
  const names = namespaceNames(config.name)
  const plan = planOf(config)
  return {
    nodes: config.nodes.map((number) => ({
      name: nodeName(number),
      address: nodeAddress(plan, number),
      netns: namespaces.path(names.node(number)),
      podsCgroup: nodePodsCgroup(config.name, number),
      isOff: states.some(({ name, state }) => name === nodeName(number) && state === 'stopped'),
    })),
    outside: { netns: namespaces.path(names.outside), address: clientAddress(plan) },
    dnsServer: dnsServiceAddress(plan),
    ingressAddress: ingressAddress(plan),
    domain: config.clusterDomain,
  }
}
