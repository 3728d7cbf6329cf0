/**
 * Rules for a node whose resolv.conf names servers on the machine's loopback, where in the node's own namespace nobody
 * listens: who asks there is led to the node's DNS server. A table that replaces the one before.
 */
export function loopbackResolverRules(loopback: readonly string[], dnsServer: string): string {
  const table = 'table ip portolan-resolver'
  return `${table} {}
delete ${table}
${table} {
	chain output {
		type nat hook output priority -100; policy accept;
		ip daddr { ${loopback.join(', ')} } meta l4proto { tcp, udp } th dport 53 dnat to ${dnsServer}
	}
}
`
}
