import { isIP, isIPv4 } from 'node:net'
import { Command } from 'commander'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Namespaces } from '../api/kinds/namespace.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods } from '../api/kinds/pod.ts'
import { Services } from '../api/kinds/service.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import { type HostPort, parseHostPort } from '../base/host-port.ts'
import type { Client } from '../client/client.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { checkStubDomains, defaultDnsSettings, type DnsSettings, parseClusterDomain } from '../cluster/dns-settings.ts'
import { type ApiConnection, type ApiOptions, apiOf, explained } from './api-access.ts'
import { type CliContext, UserError } from './context.ts'
import { addDnsOptions, type DnsOptions, dnsSettingsOf } from './dns-options.ts'

/** Cluster DNS by itself, in the network namespace of this process. */
export interface DnsRunner {
  connect(access: ClusterAccess): ApiConnection
  /** Answers until the process is told to end. Rejects if the address cannot be had. */
  run(client: Client, settings: DnsRunSettings): Promise<void>
}

export interface DnsRunSettings extends DnsSettings {
  readonly listen: HostPort
  readonly clusterDomain: string
  /** Ranges of those who get answers. Undefined: the addresses of the Nodes and the ranges of their pods. */
  readonly clients?: readonly string[]
  /** Where metrics and readiness are told; nowhere unless given. */
  readonly status?: HostPort
}

interface Options extends ApiOptions, DnsOptions {
  readonly listen: string
  readonly clusterDomain: string
  readonly allow?: readonly string[]
  readonly metrics?: string
}

const nodesResolver = '/etc/resolv.conf'

export function dnsCommand(context: CliContext): Command {
  const command = new Command('dns')
    .description('run cluster DNS by itself, here, for the Services of any Kubernetes API, until it is told to end')
    .option('--kubeconfig <file>', 'how to reach the API')
    .option('--context <name>', 'a context of that file, if not the current one')
    .option('--listen <address>', 'IP address to answer on, with :PORT if it is not 53', '127.0.0.1')
    .option('--cluster-domain <domain>', 'domain of the cluster\'s own names', 'cluster.local')
    .option('--allow <range>', 'addresses that get answers (repeatable); unless given, those of the Nodes and of their pods', collect)
    .option('--metrics <address:port>', 'where to tell metrics (/metrics) and readiness (/ready)')
  return addDnsOptions(command).action((options: Options) => runDns(context, options))
}

async function runDns({ dns }: CliContext, options: Options): Promise<void> {
  const api = await apiOf(options)
  const settings = settingsOf(options)
  const { client, close } = dns.connect(api.access)
  try {
    for (const resource of needed(settings)) await explained(api, () => client.list(resource, { limit: 1 }))
    await dns.run(client, settings)
  } finally {
    await close()
  }
}

function settingsOf(options: Options): DnsRunSettings {
  const { listen, allow, metrics } = options
  const clusterDomain = parseClusterDomain(options.clusterDomain)
  const settings = { ...defaultDnsSettings, upstreams: [nodesResolver], ...dnsSettingsOf(options) }
  checkStubDomains(settings.stubDomains, clusterDomain)
  for (const range of allow ?? []) checkRange(range)
  return {
    ...settings,
    clusterDomain,
    listen: place('--listen', listen, 53),
    ...(allow === undefined ? {} : { clients: allow }),
    ...(metrics === undefined ? {} : { status: place('--metrics', metrics, 9153) }),
  }
}

/** What it reads, so that who may not is told at once. */
function needed({ podRecords, clients }: DnsRunSettings): readonly Resource<KubeObject>[] {
  return [
    Services,
    EndpointSlices,
    Namespaces,
    ...(podRecords === 'verified' ? [Pods] : []),
    ...(clients === undefined ? [Nodes] : []),
  ] as readonly Resource<KubeObject>[]
}

function place(flag: string, text: string, defaultPort: number): HostPort {
  const place = parseHostPort(text, defaultPort)
  if (place === undefined) throw new UserError(`${flag} ${text} is no address: give an IP address with or without a port, such as 127.0.0.1:${defaultPort}`)
  return place
}

function checkRange(text: string): void {
  const [address = '', bits = '', ...rest] = text.split('/')
  const most = isIPv4(address) ? 32 : 128
  if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most && rest.length === 0) return
  throw new UserError(`--allow ${text} is not a range of addresses such as 10.244.0.0/16`)
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
