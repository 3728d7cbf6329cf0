import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { AddressPlanError, collisions, maxNodes } from '../cluster/address-plan.ts'
import { clusterCertificates } from '../cluster/certificates.ts'
import { type ClusterConfig, defaults, planOf, readConfig, writeConfig } from '../cluster/config.ts'
import { connectControl, currentState } from '../cluster/control.ts'
import { addContext, contextName, defaultCluster, kubeconfigFile } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { ensurePki, readIdentity } from '../cluster/pki.ts'
import type { ClusterState } from '../cluster/state.ts'
import { listenOnHost, PortTaken } from '../kernel/sockets.ts'
import { type CliContext, type ClusterOption, layoutFor, UserError } from './context.ts'
import { requireRootOnLinux } from './requirements.ts'
import { prepareMachine } from './setup.ts'
import { describeCluster, type ClusterDescription } from './status.ts'

interface UpOptions extends ClusterOption {
  readonly nodes?: number
  readonly apiPort?: number
  readonly podCidr?: string
  readonly serviceCidr?: string
  readonly nodeCidr?: string
  readonly outsideCidr?: string
  readonly foreground?: boolean
  readonly json?: boolean
}

export function upCommand(context: CliContext): Command {
  return new Command('up')
    .description('start a cluster: sets up what is missing and returns when it is ready')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('--nodes <n>', 'number of nodes', wholeNumber)
    .option('--api-port <port>', 'port of the API on 127.0.0.1', wholeNumber)
    .option('--pod-cidr <range>', 'addresses of pods')
    .option('--service-cidr <range>', 'addresses of Services')
    .option('--node-cidr <range>', 'addresses of nodes')
    .option('--outside-cidr <range>', 'addresses outside of the nodes: clients and load balancers')
    .option('--no-egress', 'no way out of the cluster (there is none in this version)')
    .option('--foreground', 'stay in the foreground; Ctrl-C stops the cluster')
    .option('--json', 'print the result as JSON')
    .action((options: UpOptions) => up(context, options))
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  requireRootOnLinux(process.platform, process.getuid?.())
  const layout = layoutFor(context, options)
  const running = await currentState(layout.controlSocket)
  if (running !== undefined) return report(context, options, layout, running, 'runs already')
  await prepareMachine(context, layout.home)
  const config = await chooseConfig(context, options, layout)
  await ensurePki(layout.pki, clusterCertificates(config))
  await writeConfig(layout.configFile, config)
  const state = await start(context, options, layout)
  await writeContext(context, config, layout)
  report(context, options, layout, state, 'is ready')
  if (options.foreground === true) await untilStopped(layout)
}

/** The stored configuration with the options given now. A cluster that exists keeps its ranges. */
async function chooseConfig(context: CliContext, options: UpOptions, layout: Layout): Promise<ClusterConfig> {
  const name = options.name ?? defaultCluster
  const stored = await readConfig(layout.configFile)
  const ranges = definedOnly({
    pods: options.podCidr,
    services: options.serviceCidr,
    nodes: options.nodeCidr,
    outside: options.outsideCidr,
  })
  const base = stored ?? { ...defaults, name, home: layout.home }
  const config: ClusterConfig = {
    ...base,
    apiPort: options.apiPort ?? base.apiPort,
    ranges: { ...base.ranges, ...ranges },
    nodes: options.nodes === undefined ? base.nodes : numbersTo(options.nodes),
  }
  if (stored !== undefined && JSON.stringify(stored.ranges) !== JSON.stringify(config.ranges)) {
    throw new UserError(`cluster ${name} has objects with addresses of its old ranges: wipe it with ./portolan delete first`)
  }
  await checkMachine(context, config)
  return config
}

/** Throws `UserError` if the machine's own network is in the way. */
async function checkMachine({ namespaces }: CliContext, config: ClusterConfig): Promise<void> {
  try {
    const plan = planOf(config)
    if (config.nodes.length < 1 || config.nodes.length > maxNodes(plan)) {
      throw new UserError(`--nodes ${config.nodes.length} is out of range: these address ranges hold 1 to ${maxNodes(plan)} nodes`)
    }
    const [collision] = collisions(plan, await namespaces.addresses(), await namespaces.routes())
    if (collision !== undefined) throw new UserError(collision)
  } catch (error) {
    throw error instanceof AddressPlanError ? new UserError(error.message, { cause: error }) : error
  }
  await checkPort(config.apiPort)
}

async function checkPort(port: number): Promise<void> {
  try {
    const probe = await listenOnHost('127.0.0.1', port)
    await new Promise((closed) => probe.close(closed))
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error
    throw new UserError(`${error.message}: end that program or choose another port with --api-port`, { cause: error })
  }
}

/** Starts the supervisor and waits until the cluster is ready. Leaves nothing behind if it fails or is interrupted. */
async function start(context: CliContext, options: UpOptions, layout: Layout): Promise<ClusterState> {
  mkdirSync(layout.logs, { recursive: true })
  const logFile = join(layout.logs, 'supervisor.log')
  const output = openSync(logFile, 'w')
  const [program, ...args] = context.program('supervisor')
  const supervisor = spawn(program, [...args, layout.home, options.name ?? defaultCluster], {
    stdio: ['ignore', output, output],
    detached: true,
    // The working folder of the user must not be held for as long as the cluster runs.
    cwd: '/',
  })
  closeSync(output)
  supervisor.unref()
  const ended = once(supervisor, 'exit').then(() => 'ended' as const)
  const interrupt = () => supervisor.kill('SIGTERM')
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const state = await readyState(context, layout, ended)
    if (state.phase === 'ready') return state
    await ended
    throw new UserError(`the cluster could not be started: ${state.message} (log: ${logFile})`)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** How often to look for the supervisor's socket, which appears a few milliseconds after its start. */
const socketPollMs = 5

async function readyState(context: CliContext, layout: Layout, ended: Promise<'ended'>): Promise<ClusterState> {
  for (;;) {
    const connection = await connectControl(layout.controlSocket)
    if (connection !== undefined) {
      await using open = connection
      let last: ClusterState | undefined
      for await (const state of open.states()) {
        if (state.message !== last?.message && state.phase === 'starting') context.say(`  ${state.message}`)
        last = state
        if (state.phase !== 'starting') return state
      }
    }
    const waited = new Promise<'waited'>((resolve) => setTimeout(() => resolve('waited'), socketPollMs))
    if ((await Promise.race([ended, waited])) === 'ended') {
      throw new UserError(`the supervisor ended: ${lastLines(join(layout.logs, 'supervisor.log'))}`)
    }
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' ')
}

async function writeContext({ environment }: CliContext, config: ClusterConfig, layout: Layout): Promise<void> {
  const server = `https://127.0.0.1:${config.apiPort}`
  const identity = await readIdentity(layout.pki, 'admin')
  await addContext(kubeconfigFile(environment), contextName(config.name), server, identity)
}

function report(context: CliContext, { json }: UpOptions, layout: Layout, state: ClusterState, what: string): void {
  const description = describeCluster(context, layout, state)
  context.print(description, json === true, `cluster ${state.config.name} ${what}\n${inWords(description)}`)
}

function inWords({ api, context, kubeconfig, nodes, home }: ClusterDescription): string {
  return [
    `  API         ${api}`,
    `  kubectl     context ${context} in ${kubeconfig}`,
    ...nodes.map(({ name, address }) => `  ${name.padEnd(12)}${address}`),
    `  state       ${home}`,
    '',
    '  try: kubectl get nodes',
  ].join('\n')
}

/** In the foreground: ends with the cluster, and the cluster with it. */
async function untilStopped(layout: Layout): Promise<void> {
  const connection = await connectControl(layout.controlSocket)
  if (connection === undefined) return
  await using open = connection
  const stop = () => open.requestStop()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  for await (const state of open.states()) if (state.phase === 'stopping') continue
}

function wholeNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give a whole number.')
}

function numbersTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function definedOnly<T extends Record<string, string | undefined>>(values: T): { [Key in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [Key in keyof T]?: string }
}
