import { createHash } from 'node:crypto'
import { endpointPort, podRange, servicePort, type BenchEndpoint, type BenchService } from './service-world.ts'

/**
 * Rules of the shape that kube-proxy's nftables mode gives them, written for comparison: a chain for each Service and
 * for each endpoint, verdict maps that lead to the Services' chains, and a choice among endpoints inside of each.
 */
const table = 'ip bench-chains'
const markForMasquerade = 0x4000

const base = `table ${table} {
	set cluster-ips { type ipv4_addr; }
	set node-ips { type ipv4_addr; }
	map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
	map service-nodeports { type inet_proto . inet_service : verdict; }
	map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
	map firewalled { type ipv4_addr . inet_proto . inet_service : verdict; }
	chain mark-for-masquerade { meta mark set meta mark or ${markForMasquerade}; }
	chain masquerade-marked {
		meta mark and ${markForMasquerade} == 0 return
		meta mark set meta mark xor ${markForMasquerade}
		masquerade fully-random
	}
	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
		ip daddr @node-ips meta l4proto . th dport vmap @service-nodeports
	}
	chain without-endpoints { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
	chain undefined-ports { ip daddr @cluster-ips reject; }
	chain firewall { ip daddr . meta l4proto . th dport vmap @firewalled; }
	chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
	chain nat-output { type nat hook output priority -100; jump services; }
	chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerade-marked; }
	chain before-translation { type filter hook prerouting priority dstnat - 10; ct state new jump firewall; }
	chain filter-input { type filter hook input priority -110; ct state new jump without-endpoints; }
	chain filter-forward {
		type filter hook forward priority -110
		ct state new jump without-endpoints
		ct state new jump undefined-ports
	}
	chain filter-output {
		type filter hook output priority -110
		ct state new jump without-endpoints
		ct state new jump firewall
	}
	chain filter-output-translated { type filter hook output priority -90; ct state new jump undefined-ports; }
}
`

/** The whole table, for one `load`. */
export function kubeProxyRules(services: readonly BenchService[], nodeAddresses: readonly string[]): string {
  const outside = services.filter((service) => service.outside !== undefined)
  return [
    base,
    'table ', table, ' {\n',
    ...services.flatMap((service) => [...service.endpoints.map((each) => endpointChain(service, each)), serviceChain(service)]),
    ...outside.map((service) => chain(externalName(service), ['jump mark-for-masquerade', `goto ${serviceName(service)}`])),
    '}\n',
    elements('cluster-ips', services.map(({ clusterIP }) => clusterIP)),
    elements('node-ips', nodeAddresses),
    elements('service-ips', [...services.map(dispatch), ...outside.map(loadBalancerDispatch)]),
    elements('service-nodeports', outside.map((service) => `tcp . ${service.outside?.nodePort} : goto ${externalName(service)}`)),
  ].join('')
}

/** What endpoints that come and go take: their chains, and a new choice in the Service's. In one `load`. */
export function kubeProxyChange(before: BenchService, after: BenchService): string {
  const [old, wanted] = [before, after].map(({ endpoints }) => new Map(endpoints.map((each) => [each.address, each])))
  const come = after.endpoints.filter(({ address }) => old?.has(address) === false)
  const gone = before.endpoints.filter(({ address }) => wanted?.has(address) === false)
  return [
    ...come.map((each) => inTable(endpointChain(after, each))),
    `flush chain ${table} ${serviceName(after)}\n`,
    inTable(serviceChain(after)),
    ...gone.map((each) => `delete chain ${table} ${endpointName(before, each)}\n`),
  ].join('')
}

function serviceChain(service: BenchService): string {
  const choices = service.endpoints.map((endpoint, index) => `${index} : goto ${endpointName(service, endpoint)}`)
  return chain(serviceName(service), [
    `ip daddr ${service.clusterIP} tcp dport ${servicePort} ip saddr != ${podRange} jump mark-for-masquerade`,
    `numgen random mod ${choices.length} vmap { ${choices.join(', ')} }`,
  ])
}

function endpointChain(service: BenchService, endpoint: BenchEndpoint): string {
  return chain(endpointName(service, endpoint), [
    `ip saddr ${endpoint.address} jump mark-for-masquerade`,
    `meta l4proto tcp dnat to ${endpoint.address}:${endpointPort}`,
  ])
}

function dispatch(service: BenchService): string {
  return `${service.clusterIP} . tcp . ${servicePort} : goto ${serviceName(service)}`
}

function loadBalancerDispatch(service: BenchService): string {
  return `${service.outside?.loadBalancerIP} . tcp . ${servicePort} : goto ${externalName(service)}`
}

function serviceName({ name }: BenchService): string {
  return `service-${hash(name)}-bench/${name}/tcp/http`
}

function externalName({ name }: BenchService): string {
  return `external-${hash(name)}-bench/${name}/tcp/http`
}

function endpointName({ name }: BenchService, { address }: BenchEndpoint): string {
  return `endpoint-${hash(name + address)}-bench/${name}/tcp/http__${address}/${endpointPort}`
}

/** Names are this long because names of Services are not unique when they are cut. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase()
}

function chain(name: string, rules: readonly string[]): string {
  return `\tchain ${name} {\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`
}

function inTable(text: string): string {
  return `table ${table} {\n${text}}\n`
}

function elements(set: string, all: readonly string[]): string {
  return all.length === 0 ? '' : `add element ${table} ${set} { ${all.join(', ')} }\n`
}
