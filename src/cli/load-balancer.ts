import { Command } from 'commander'
import { ownClasses, type ServedClasses } from '../api/kinds/load-balancer.ts'
import { Nodes } from '../api/kinds/node.ts'
import { type AddressRange, parseRange } from '../base/ip.ts'
import type { Client } from '../client/client.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { CommandFailed } from '../kernel/processes.ts'
import { type ApiConnection, type ApiOptions, apiOf, explained, required, requireProgram } from './api-access.ts'
import { type CliContext, UserError } from './context.ts'

/** The load balancer by itself, in the network namespace of this process. */
export interface LoadBalancerRunner {
  connect(access: ClusterAccess): ApiConnection
  /** Gives Services addresses and leads connections to nodes until the process is told to end; its rules stay. */
  run(client: Client, settings: LoadBalancerSettings): Promise<void>
  /** Takes rules and routes away; resolves to false if there were none. */
  removeRules(): Promise<boolean>
}

export interface LoadBalancerSettings {
  /** What Services are given. Who leads packets for it to this machine is not its business. */
  readonly pool: AddressRange
  readonly nodesDevice: string
  readonly classes: ServedClasses
}

interface Options extends ApiOptions {
  readonly pool?: string
  readonly nodesDevice?: string
  readonly class?: readonly string[]
  readonly cleanup?: boolean
}

export function loadBalancerCommand(context: CliContext): Command {
  return new Command('load-balancer')
    .description('run the load balancer by itself, on this router, for the Services of any Kubernetes API, until it is told to end')
    .option('--kubeconfig <file>', 'how to reach the API')
    .option('--context <name>', 'a context of that file, if not the current one')
    .option('--pool <range>', 'addresses for Services, as 198.51.100.0/28 or 198.51.100.2-198.51.100.14')
    .option('--nodes-device <name>', 'the device of this machine that the nodes are behind')
    .option('--class <name>', 'serve Services of this loadBalancerClass (repeatable); unless given, those of portolan.dev/load-balancer and those that name none', collect)
    .option('--cleanup', 'take away the rules and routes that it left here, and end')
    .action(async (options: Options) => {
      await requireProgram(context, ['nft', '--version'], 'nftables')
      await requireProgram(context, ['ip', '-Version'], 'iproute2')
      if (options.cleanup === true) return removeRules(context, options)
      await runLoadBalancer(context, options)
    })
}

async function removeRules({ loadBalancer, say }: CliContext, options: Options): Promise<void> {
  if (Object.keys(options).length > 1) throw new UserError('--cleanup goes alone: give either it or what the load balancer is to do')
  say((await loadBalancer.removeRules()) ? 'the rules are gone' : 'there are no rules here')
}

async function runLoadBalancer(context: CliContext, options: Options): Promise<void> {
  required(options.kubeconfig, '--kubeconfig FILE, how to reach the API')
  const pool = poolOf(required(options.pool, '--pool RANGE, the addresses for Services'))
  const nodesDevice = required(options.nodesDevice, '--nodes-device NAME, the device that the nodes are behind')
  await requireForwarding(context, nodesDevice)
  const api = await apiOf(options)
  const { client, close } = context.loadBalancer.connect(api.access)
  try {
    await explained(api, () => client.list(Nodes, { limit: 1 }))
    await context.loadBalancer.run(client, { pool, nodesDevice, classes: options.class ?? ownClasses })
  } finally {
    await close()
  }
}

function poolOf(text: string): AddressRange {
  const range = parseRange(text)
  if (range === undefined) throw new UserError(`--pool ${text} is not a range of IPv4 addresses such as 198.51.100.0/28 or 198.51.100.2-198.51.100.14`)
  return range
}

async function requireForwarding({ processes }: CliContext, device: string): Promise<void> {
  if (await forwards(processes, device)) return
  throw new UserError(`this machine does not forward what comes by ${device}: sysctl -w net.ipv4.ip_forward=1`)
}

async function forwards(processes: CliContext['processes'], device: string): Promise<boolean> {
  try {
    const { stdout } = await processes.run(['ip', '-4', 'netconf', 'show', 'dev', device])
    return / forwarding on /.test(stdout)
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    throw new UserError(`--nodes-device ${device} is no device of this machine: see ip link`, { cause: error })
  }
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
