import { collisions, maxNodes } from '../cluster/address-plan.ts'
import { type ClusterConfig, defaults, hasEgress, planOf, readConfig } from '../cluster/config.ts'
import { checkStubDomains, parseClusterDomain } from '../cluster/dns-settings.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { freshPorts, type PublishedPort } from '../cluster/published-port.ts'
import { openPublished } from '../cluster/published-ports.ts'
import { listenOnHost, PortTaken } from '../kernel/sockets.ts'
import { type CliContext, type ClusterOption, UserError } from './context.ts'
import { type DnsOptions, dnsSettingsOf } from './dns-options.ts'

/** What can be chosen for a cluster on the command line. */
export interface ConfigOptions extends ClusterOption, DnsOptions {
  readonly nodes?: number
  readonly apiPort?: number
  readonly podCidr?: string
  readonly serviceCidr?: string
  readonly nodeCidr?: string
  readonly outsideCidr?: string
  readonly clusterDomain?: string
  readonly egress?: boolean
  /** Seconds. */
  readonly clusterSigningDuration?: number
  /** Beside those that are published already. */
  readonly publish?: readonly PublishedPort[]
}

/** The stored configuration with the options given now. Throws `UserError` for what no machine could run. */
export async function chooseConfig(options: ConfigOptions, layout: Layout): Promise<ClusterConfig> {
  const name = options.name ?? defaultCluster
  const stored = await readConfig(layout.configFile)
  const ranges = definedOnly({
    pods: options.podCidr,
    services: options.serviceCidr,
    nodes: options.nodeCidr,
    outside: options.outsideCidr,
  })
  const base = stored ?? { ...defaults, name, home: layout.home }
  const { published = [] } = base
  const config: ClusterConfig = {
    ...base,
    apiPort: options.apiPort ?? base.apiPort,
    ranges: { ...base.ranges, ...ranges },
    nodes: options.nodes === undefined ? base.nodes : numbersTo(options.nodes),
    clusterDomain: options.clusterDomain === undefined ? base.clusterDomain : parseClusterDomain(options.clusterDomain),
    dns: { ...base.dns, ...dnsSettingsOf(options) },
    egress: options.egress ?? hasEgress(base),
    ...(options.clusterSigningDuration === undefined ? {} : { clusterSigningSeconds: options.clusterSigningDuration }),
    published: [...published, ...freshPorts(published, options.publish ?? [])],
  }
  checkNumbers(config)
  checkStubDomains(config.dns?.stubDomains ?? [], config.clusterDomain)
  if (stored !== undefined) checkKept(stored, config)
  return config
}

/** A cluster that exists keeps its ranges and its domain: they are in its objects, its pods and its certificates. */
function checkKept(stored: ClusterConfig, config: ClusterConfig): void {
  const advice = 'wipe it with ./portolan delete first'
  if (JSON.stringify(planOf(stored)) !== JSON.stringify(planOf(config))) {
    throw new UserError(`cluster ${stored.name} has objects with addresses of its old ranges: ${advice}`)
  }
  if (stored.clusterDomain !== config.clusterDomain) {
    throw new UserError(`cluster ${stored.name} has pods and certificates with names of its domain ${stored.clusterDomain}: ${advice}`)
  }
}

/** Throws `UserError` if the machine's own network is in the way, or a port that was asked for now is taken. */
export async function checkMachine(
  { namespaces }: CliContext,
  config: ClusterConfig,
  { publish = [] }: Pick<ConfigOptions, 'publish'> = {},
): Promise<void> {
  const [collision] = collisions(planOf(config), await namespaces.addresses(), await namespaces.routes())
  if (collision !== undefined) throw new UserError(collision)
  try {
    const probe = await listenOnHost('127.0.0.1', config.apiPort)
    await new Promise((closed) => probe.close(closed))
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error
    throw new UserError(`${error.message}: end that program or choose another port with --api-port`, { cause: error })
  }
  for (const port of publish) (await openPublished(port)).socket.close()
}

function checkNumbers(config: ClusterConfig): void {
  const { apiPort, nodes } = config
  const most = maxNodes(planOf(config))
  if (nodes.length < 1 || nodes.length > most) {
    throw new UserError(`--nodes ${nodes.length} is out of range: these address ranges hold 1 to ${most} nodes`)
  }
  if (apiPort < 1 || apiPort > 65535) {
    throw new UserError(`--api-port ${apiPort} is out of range: give a port from 1 to 65535`)
  }
}

function numbersTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function definedOnly<T extends Record<string, string | undefined>>(values: T): { [Key in keyof T]?: string } {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(defined) as { [Key in keyof T]?: string }
}
