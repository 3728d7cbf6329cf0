import { nodeSettingsKeys } from '../api/join-objects.ts'
import { isDNS1123Subdomain } from '../api/names.ts'
import { contains, formatCidr, parseCidr, parseIPv4, type Cidr } from '../base/ip.ts'
import { isLoopback } from '../base/resolv-conf.ts'
import { dnsServiceAddress, nodeAddress, serverAddress } from './address-plan.ts'
import { nodePodsCgroup } from './cgroup-names.ts'
import { type ClusterConfig, hasEgress, planOf } from './config.ts'
import { defaultDnsSettings, dnsSettings, type DnsSettings } from './dns-settings.ts'
import { egressLink } from './egress/egress-link.ts'
import type { Layout, NodeLayout } from './layout.ts'
import { nodeName, podNetworkName } from './network.ts'
import { UserError } from './user-error.ts'

/** All that the process of a node is told, be the node one of the cluster's own or a machine that has joined. */
export interface NodeSettings extends NetworkSettings {
  readonly name: string
  /** In the node network. */
  readonly address: string
  /** Of the API: `https://192.168.99.1:6443`. */
  readonly server: string
  /** Of the pods' network, unique on the machine. */
  readonly networkName: string
  readonly podsCgroup: string
  readonly paths: NodeLayout
  /** What the nodes of one machine share: seeds of images, and how registries are reached. */
  readonly images: string
  readonly registries: string
  readonly seedRun: string
  /** Where the machine's 127.0.0.1 is reached, if the node is not the machine; nowhere unless given. */
  readonly machineLoopback?: string
}

/** What is the same on every node. */
export interface NetworkSettings {
  readonly pods: Cidr
  readonly services: Cidr
  readonly nodes: Cidr
  /** Of load balancers, and of clients outside. */
  readonly outside: Cidr
  readonly dnsAddress: string
  readonly clusterDomain: string
  readonly dns: DnsSettings
}

/** Of a node that the supervisor runs. */
export function ownNodeSettings(config: ClusterConfig, layout: Layout, number: number): NodeSettings {
  const plan = planOf(config)
  const name = nodeName(number)
  return {
    ...networkSettings(config),
    name,
    address: nodeAddress(plan, number),
    server: `https://${serverAddress(plan)}:6443`,
    networkName: podNetworkName(config.name, number),
    podsCgroup: nodePodsCgroup(config.name, number),
    paths: layout.node(name),
    images: layout.images,
    registries: layout.registries,
    seedRun: `${layout.run}/seed`,
    ...(hasEgress(config) ? { machineLoopback: egressLink.gateway } : {}),
  }
}

function networkSettings(config: ClusterConfig): NetworkSettings {
  const plan = planOf(config)
  const { clusterDomain } = config
  return {
    pods: plan.pods,
    services: plan.services,
    nodes: plan.nodes,
    outside: plan.outside,
    dnsAddress: dnsServiceAddress(plan),
    clusterDomain,
    dns: dnsSettings(config),
  }
}

/** As the API tells machines that join, by the keys of `nodeSettingsKeys`. */
export function nodeSettingsData(config: ClusterConfig): Readonly<Record<string, string>> {
  const { pods, services, nodes, outside, dnsAddress, clusterDomain, dns } = networkSettings(config)
  return {
    [nodeSettingsKeys.pods]: formatCidr(pods),
    [nodeSettingsKeys.services]: formatCidr(services),
    [nodeSettingsKeys.nodes]: formatCidr(nodes),
    [nodeSettingsKeys.outside]: formatCidr(outside),
    [nodeSettingsKeys.dnsAddress]: dnsAddress,
    [nodeSettingsKeys.domain]: clusterDomain,
    [nodeSettingsKeys.dns]: JSON.stringify(dns),
  }
}

/** The inverse. Throws `UserError` for what no server of ours tells: it comes from the network, and changes the machine. */
export function readNodeSettingsData(data: Readonly<Record<string, string>>): NetworkSettings {
  const text = (key: string) => {
    const value = data[key] ?? ''
    if (value === '') throw new UserError(`the cluster does not tell ${key} in ConfigMap kube-system/portolan-node: is its version older than this one?`)
    return value
  }
  const wrong = (key: string, what: string) => new UserError(`the cluster tells ${key} ${text(key)}, which is no ${what}: see ConfigMap kube-system/portolan-node`)
  const checked = (key: string, what: string, isGood: (value: string) => boolean) => {
    if (isGood(text(key))) return text(key)
    throw wrong(key, what)
  }
  const range = (key: string) => {
    const cidr = parseCidr(text(key))
    if (cidr === undefined) throw wrong(key, 'IPv4 range')
    return cidr
  }
  return {
    pods: range(nodeSettingsKeys.pods),
    services: range(nodeSettingsKeys.services),
    nodes: range(nodeSettingsKeys.nodes),
    outside: range(nodeSettingsKeys.outside),
    dnsAddress: checked(nodeSettingsKeys.dnsAddress, 'IPv4 address', (value) => parseIPv4(value) !== undefined),
    clusterDomain: checked(nodeSettingsKeys.domain, 'domain', (value) => isDNS1123Subdomain(value).length === 0),
    dns: { ...defaultDnsSettings, ...(JSON.parse(checked(nodeSettingsKeys.dns, 'JSON object', isJsonObject)) as Partial<DnsSettings>) },
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** What machines that join may not have: names of own nodes, which `portolan node add` gives, and of Services; and addresses that are no machine's. */
export function ownMachines(config: ClusterConfig): { isReserved(node: string): boolean; isForeign(address: string): boolean } {
  const plan = planOf(config)
  // A node gets a certificate to serve under its name: as `kubernetes.default.svc` it would be believed to be the API.
  const names = ['edge', 'localhost', 'kubernetes', 'kubernetes.default']
  const suffixes = ['.svc', `.${config.clusterDomain}`]
  return {
    isReserved: (node) => names.includes(node) || suffixes.some((suffix) => node.endsWith(suffix)) || /^node-\d+$/.test(node),
    isForeign(address) {
      const value = parseIPv4(address)
      if (value === undefined || isLoopback(address) || address === serverAddress(plan)) return true
      return [plan.pods, plan.services, plan.outside].some((range) => contains(range, value))
    },
  }
}
