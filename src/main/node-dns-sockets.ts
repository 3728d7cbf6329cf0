import type { NodeSettings } from '../cluster/node-settings.ts'
import { DnsSockets } from '../dataplane/dns/sockets.ts'

let opened: Promise<DnsSockets> | undefined

/** The sockets of this node's DNS server, opened when first asked for. Rejects with `ListenError`. */
export function nodeDnsSockets({ dnsAddress }: Pick<NodeSettings, 'dnsAddress'>): Promise<DnsSockets> {
  opened ??= DnsSockets.open({ address: dnsAddress, port: 53 })
  return opened
}
