import { formatCidr } from '../../base/ip.ts'
import type { AddressPlan } from '../address-plan.ts'
import { egressLink } from './egress-link.ts'

const tableName = 'portolan-egress'

/**
 * What may pass between the edge and the way out, as a table that replaces the one before.
 *
 * - Out goes everything, with the edge's address, but what belongs to the cluster and has no way there at the moment: it
 *   would meet strangers who have the same addresses. It is refused, so that nobody waits for an answer.
 * - Of link-local neighbours of the machine only name servers are reached: services for the machine itself, such as the
 *   credentials that clouds hand out, are not for pods.
 * - What is not masqueraded, as connection tracking can make nothing of it, stays: answers could not come back.
 * - In come answers, and nothing else.
 */
export function egressRules({ pods, services, nodes, outside }: AddressPlan): string {
  const own = [pods, services, nodes, outside].map(formatCidr).join(', ')
  const refuse = 'reject with icmpx admin-prohibited'
  const { device, address } = egressLink
  return `table inet ${tableName} {}
delete table inet ${tableName}
table inet ${tableName} {
	chain leaving {
		ip daddr { ${own} } ${refuse}
		ip daddr 169.254.0.0/16 meta l4proto { tcp, udp } th dport 53 accept
		ip daddr 169.254.0.0/16 ${refuse}
	}
	chain entering {
		ct state established,related accept
		drop
	}
	chain input {
		type filter hook input priority filter; policy accept;
		iifname "${device}" jump entering
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "${device}" jump entering
		oifname "${device}" jump leaving
	}
	chain output {
		type filter hook output priority filter; policy accept;
		oifname "${device}" jump leaving
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "${device}" masquerade
	}
	chain masqueraded {
		type filter hook postrouting priority srcnat + 1; policy accept;
		oifname "${device}" ip saddr != ${address} drop
	}
}
`
}
