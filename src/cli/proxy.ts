import { Command } from 'commander'
import { isStatus } from '../api/errors.ts'
import { Nodes } from '../api/kinds/node.ts'
import { ServiceCIDRs, type ServiceCIDR } from '../api/kinds/service-cidr.ts'
import { type Cidr, formatCidr, parseCidr } from '../base/ip.ts'
import type { Client } from '../client/client.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { type ApiConnection, type ApiOptions, apiOf, explained, required, requireProgram } from './api-access.ts'
import { type CliContext, UserError } from './context.ts'

/** The service proxy by itself, in the network namespace of this process. */
export interface ProxyRunner {
  connect(access: ClusterAccess): ApiConnection
  /** Keeps the rules until the process is told to end, and leaves them in place. */
  run(client: Client, settings: ProxySettings): Promise<void>
  /** Takes the rules away; resolves to false if there were none. */
  removeRules(): Promise<boolean>
}

export interface ProxySettings {
  /** The Node that this machine is. */
  readonly node: string
  /** Where cluster IPs are taken from. */
  readonly services: readonly Cidr[]
  /** Where pods of all nodes are, if that is known. */
  readonly pods?: Cidr
}

interface ProxyOptions extends ApiOptions {
  readonly node?: string
  readonly clusterCidr?: string
  readonly serviceCidr?: string
  readonly cleanup?: boolean
}

export function proxyCommand(context: CliContext): Command {
  return new Command('proxy')
    .description('run the service proxy by itself, here, for the Services of any Kubernetes API, until it is told to end')
    .option('--kubeconfig <file>', 'how to reach the API')
    .option('--context <name>', 'a context of that file, if not the current one')
    .option('--node <name>', 'the Node that this machine is')
    .option('--cluster-cidr <cidr>', 'the range of the pods')
    .option('--service-cidr <cidr>', 'the range of the cluster IPs, if the API does not tell it')
    .option('--cleanup', 'take away the rules that it left here, and end')
    .action(async (options: ProxyOptions) => {
      await requireProgram(context, ['nft', '--version'], 'nftables')
      if (options.cleanup === true) return removeRules(context, options)
      await requireProgram(context, ['conntrack', '--version'], 'conntrack')
      await runProxy(context, options)
    })
}

async function removeRules({ proxy, say }: CliContext, options: ProxyOptions): Promise<void> {
  if (Object.keys(options).length > 1) throw new UserError('--cleanup goes alone: give either it or what the proxy is to do')
  say((await proxy.removeRules()) ? 'the rules are gone' : 'there are no rules here')
}

async function runProxy({ proxy }: CliContext, options: ProxyOptions): Promise<void> {
  required(options.kubeconfig, '--kubeconfig FILE, how to reach the API')
  const node = required(options.node, '--node NAME, the Node that this machine is')
  const given = range('--service-cidr', options.serviceCidr, '10.96.0.0/12')
  const pods = range('--cluster-cidr', options.clusterCidr, '10.244.0.0/16')
  const api = await apiOf(options)
  const { client, close } = proxy.connect(api.access)
  try {
    await explained(api, () => requireNode(client, node))
    const services = given === undefined ? await explained(api, () => serviceRanges(client)) : [given]
    await proxy.run(client, { node, services, ...(pods === undefined ? {} : { pods }) })
  } finally {
    await close()
  }
}

function range(flag: string, text: string | undefined, example: string): Cidr | undefined {
  if (text === undefined) return undefined
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new UserError(`${flag} ${text} is not an IPv4 range such as ${example}`)
  return cidr
}

async function requireNode(client: Client, name: string): Promise<void> {
  try {
    await client.get(Nodes, { name })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    throw new UserError(`the API has no Node ${JSON.stringify(name)}: give the name of this machine's with --node`)
  }
}

/** What the API says of its ranges, IPv4 ones only; an API older than 1.33 may say nothing. */
async function serviceRanges(client: Client): Promise<readonly Cidr[]> {
  const cidrs = (await declaredRanges(client))
    .flatMap(({ spec }) => spec.cidrs ?? [])
    .map(parseCidr)
    .filter((cidr) => cidr !== undefined)
  const byText = new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr]))
  if (byText.size > 0) return [...byText.values()]
  throw new UserError('the API does not tell the range of its cluster IPs: give it with --service-cidr')
}

async function declaredRanges(client: Client): Promise<readonly ServiceCIDR[]> {
  try {
    return (await client.list(ServiceCIDRs)).items
  } catch (error) {
    if (isStatus(error, 'NotFound') || isStatus(error, 'Forbidden')) return []
    throw error
  }
}
