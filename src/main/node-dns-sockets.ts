import { dnsServiceAddress } from '../cluster/address-plan.ts'
import { type ClusterConfig, planOf } from '../cluster/config.ts'
import { DnsSockets } from '../dataplane/dns/sockets.ts'

let opened: Promise<DnsSockets> | undefined

/** The sockets of this node's DNS server, opened when first asked for. Rejects with `ListenError`. */
export function nodeDnsSockets(config: ClusterConfig): Promise<DnsSockets> {
  opened ??= DnsSockets.open({ address: dnsServiceAddress(planOf(config)), port: 53 })
  return opened
}
