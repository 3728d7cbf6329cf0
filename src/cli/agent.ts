import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { parseBootstrapToken } from '../api/bootstrap-token.ts'
import { isDNS1123Subdomain } from '../api/names.ts'
import { authorityHash, parseAuthorityHash } from '../base/authority-hash.ts'
import { homeOf } from '../cluster/layout.ts'
import { required } from './api-access.ts'
import { type CliContext, UserError } from './context.ts'
import { prepareMachine } from './setup.ts'

/** The agent of a node on a machine of its own. */
export interface AgentRunner {
  /** Makes this machine a node, once and for all. Rejects with `UserError`. */
  join(request: JoinRequest, tools: AgentTools): Promise<void>
  /** Runs the agent until it is told to end, and resolves to its exit code. Pods go on. */
  run(machine: NodeMachine, tools: AgentTools): Promise<number>
  /** Ends all that runs and takes away all that is there, the identity included. */
  cleanUp(machine: NodeMachine, tools: AgentTools): Promise<void>
}

export type AgentTools = Pick<CliContext, 'processes' | 'cgroups' | 'mounts' | 'program' | 'say'>

/** Where a node is on this machine. */
export interface NodeMachine {
  readonly node: string
  /** Absolute. */
  readonly state: string
  readonly home: string
}

export interface JoinRequest extends NodeMachine {
  /** `https://192.168.99.1:6443` */
  readonly server: string
  /** Needed only as long as the machine has no identity. */
  readonly token?: string
  /** Of the cluster's authority, as `authorityHash` has it. */
  readonly caHash?: string
  /** PEM. */
  readonly ca?: string
  /** In the node network; that from which the server is reached unless given. */
  readonly address?: string
}

interface Options {
  readonly server?: string
  readonly token?: string
  readonly caHash?: string
  readonly caFile?: string
  readonly node?: string
  readonly state?: string
  readonly nodeIp?: string
  readonly cleanup?: boolean
}

export function agentCommand(context: CliContext): Command {
  return new Command('agent')
    .description('make this machine a node of a cluster, and run it until it is told to end; ./portolan node token create prints the command')
    .option('--server <url>', 'the API in the node network: https://ADDRESS:6443')
    .option('--token <token>', 'what lets it in, ID.SECRET; of no use later')
    .option('--ca-hash <hash>', 'sha256:… of the cluster’s authority: no other cluster is believed')
    .option('--ca-file <file>', 'the authority itself (PEM), in place of its hash')
    .option('--node <name>', 'the name of the node that this machine becomes')
    .option('--state <dir>', 'where the node is kept; $PORTOLAN_HOME/agents/NAME unless given')
    .option('--node-ip <address>', 'address in the node network; that from which the server is reached unless given')
    .option('--cleanup', 'end the node here, with its pods, and take away all that is left of it')
    .action(async (options: Options) => {
      const machine = machineOf(context, options)
      if (options.cleanup === true) return cleanUp(context, machine, options)
      const request = await requestOf(machine, options)
      await prepareMachine(context, machine.home, { egress: false }) // the machine's own network is its way out
      await context.agent.join(request, context)
      process.exitCode = await context.agent.run(machine, context)
    })
}

async function cleanUp(context: CliContext, machine: NodeMachine, options: Options): Promise<void> {
  const { cleanup: _c, node: _n, state: _s, ...others } = options
  if (Object.keys(others).length > 0) throw new UserError('--cleanup takes --node and --state: leave out what is for joining')
  await context.agent.cleanUp(machine, context)
  context.say(`nothing is left of ${machine.node} here; kubectl delete node ${machine.node} has the cluster forget it`)
}

function machineOf({ environment }: CliContext, { node, state }: Options): NodeMachine {
  const name = required(node, '--node NAME, the name of the node that this machine becomes')
  const [problem] = isDNS1123Subdomain(name)
  if (problem !== undefined) throw new UserError(`--node ${JSON.stringify(name)} cannot be the name of a node: ${problem}`)
  const home = homeOf(environment)
  return { node: name, home, state: state === undefined ? join(home, 'agents', name) : resolve(state) }
}

async function requestOf(machine: NodeMachine, options: Options): Promise<JoinRequest> {
  const server = serverOf(required(options.server, '--server URL, the API in the node network, such as https://192.168.99.1:6443'))
  const { token, nodeIp } = options
  if (token !== undefined && parseBootstrapToken(token) === undefined) {
    throw new UserError('--token is none: it is ID.SECRET, six and sixteen lower-case letters and digits, as ./portolan node token create prints it')
  }
  if (nodeIp !== undefined && !isIPv4(nodeIp)) throw new UserError(`--node-ip ${nodeIp} is not an IPv4 address`)
  return {
    ...machine,
    server,
    ...(token === undefined ? {} : { token }),
    ...(await authorityOf(options)),
    ...(nodeIp === undefined ? {} : { address: nodeIp }),
  }
}

function serverOf(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'https:' && url.pathname === '/' && url.search === '') return text.replace(/\/+$/, '')
  throw new UserError(`--server ${text} is no address of an API: give https://ADDRESS:PORT, such as https://192.168.99.1:6443`)
}

async function authorityOf({ caHash, caFile }: Options): Promise<Pick<JoinRequest, 'ca' | 'caHash'>> {
  if (caHash !== undefined && caFile !== undefined) throw new UserError('give --ca-hash or --ca-file, not both')
  if (caHash !== undefined) {
    const hash = parseAuthorityHash(caHash)
    if (hash === undefined) throw new UserError(`--ca-hash ${caHash} is none: it is sha256: and 64 hexadecimal digits`)
    return { caHash: hash }
  }
  if (caFile === undefined) return {}
  try {
    const ca = await readFile(caFile, 'utf8')
    return { ca, caHash: authorityHash(ca) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UserError(`--ca-file ${caFile} holds no certificate: ${why}`, { cause: error })
  }
}
