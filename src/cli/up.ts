import { Command, InvalidArgumentError } from 'commander'
import { clusterCertificates } from '../cluster/certificates.ts'
import { type ClusterConfig, hasEgress, writeConfig } from '../cluster/config.ts'
import { connectControl, currentState } from '../cluster/control.ts'
import { addContext, checkKubeconfig, contextName, defaultCluster, kubeconfigFile } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { exclusively } from '../cluster/lock.ts'
import { ensurePki, readIdentity } from '../cluster/pki.ts'
import { publishedInWords, type PublishedPort } from '../cluster/published-port.ts'
import type { ClusterState } from '../cluster/state.ts'
import { change } from './change.ts'
import { checkMachine, chooseConfig, type ConfigOptions } from './choose-config.ts'
import { type CliContext, layoutFor, UserError } from './context.ts'
import { addDnsOptions } from './dns-options.ts'
import { egressInWords, proxyProblem } from './egress.ts'
import { interruption } from './interruption.ts'
import { parsePublish } from './port-words.ts'
import { prepareMachine } from './setup.ts'
import { runningState, startCluster } from './start.ts'
import { describeCluster, type ClusterDescription } from './status.ts'
import { timeSpan } from './time-span.ts'

interface UpOptions extends ConfigOptions {
  readonly foreground?: boolean
  readonly json?: boolean
}

export function upCommand(context: CliContext): Command {
  const command = new Command('up')
    .description('start a cluster: sets up what is missing and returns when it is ready')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('--nodes <n>', 'number of nodes', wholeNumber)
    .option('--api-port <port>', 'port of the API on 127.0.0.1', wholeNumber)
    .option('--pod-cidr <range>', 'addresses of pods')
    .option('--service-cidr <range>', 'addresses of Services')
    .option('--node-cidr <range>', 'addresses of nodes')
    .option('--outside-cidr <range>', 'addresses outside of the nodes: clients and load balancers')
    .option('--cluster-domain <domain>', 'domain of the cluster’s own names')
    .option('--cluster-signing-duration <time>', 'the longest that certificates are good which the cluster signs for joining machines and people, such as 30d; a year unless given', signingDuration)
    .option('--egress', 'a way out of the cluster, as there is unless it was switched off')
    .option('--no-egress', 'no way out of the cluster')
    .option('--publish <what>', 'open ports on 127.0.0.1 of this machine (repeatable): ingress, or service/NAME=HOST:PORT', publish)
    .option('--foreground', 'stay in the foreground; Ctrl-C stops the cluster')
    .option('--json', 'print the result as JSON')
  return addDnsOptions(command).action((options: UpOptions) => up(context, options))
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  const layout = layoutFor(context, options)
  using interrupted = interruption()
  const ensure = () => ensureRunning(context, options, layout, interrupted.signal)
  // Of several at once, the first starts the cluster and the others find it.
  const { state, isNew } = await exclusively(`up/${options.name ?? defaultCluster}`, ensure, interrupted.signal)
  const description = describeCluster(context, layout, state)
  const what = `cluster ${description.name} ${isNew ? 'is ready' : 'runs already'}`
  context.print(description, options.json === true, `${what}\n${inWords(description)}`)
  if (isNew && options.foreground === true) await untilStopped(layout, interrupted.signal)
}

interface Running {
  readonly state: ClusterState
  readonly isNew: boolean
}

async function ensureRunning(
  context: CliContext,
  options: UpOptions,
  layout: Layout,
  interrupt: AbortSignal,
): Promise<Running> {
  await checkKubeconfig(kubeconfigFile(context.environment))
  const running = await runningState(context, layout, interrupt)
  if (running !== undefined) {
    requireSameHome(running.config, layout)
    await writeContext(context, running.config, layout)
    if (options.publish !== undefined) await change(running.config, layout, { action: 'publish', ports: options.publish })
    return { state: (await currentState(layout.controlSocket)) ?? running, isNew: false }
  }
  const config = await chooseConfig(options, layout)
  await prepareMachine(context, layout.home, { egress: hasEgress(config) })
  const problem = hasEgress(config) ? proxyProblem(context.environment) : undefined
  if (problem !== undefined) context.say(problem)
  await checkMachine(context, config, options)
  interrupt.throwIfAborted()
  await ensurePki(layout.pki, clusterCertificates(config))
  await writeConfig(layout.configFile, config)
  const state = await startCluster(context, layout, config.name, interrupt)
  await writeContext(context, config, layout)
  return { state, isNew: true }
}

async function writeContext({ environment }: CliContext, config: ClusterConfig, layout: Layout): Promise<void> {
  const server = `https://127.0.0.1:${config.apiPort}`
  const identity = await readIdentity(layout.pki, 'admin')
  const file = kubeconfigFile(environment)
  // Clusters that start at the same time share the file.
  await exclusively('kubeconfig', () => addContext(file, contextName(config.name), server, identity))
}

function inWords({ api, context, kubeconfig, nodes, home, egress, published }: ClusterDescription): string {
  return [
    `  API         ${api}`,
    `  kubectl     context ${context} in ${kubeconfig}`,
    ...nodes.map(({ name, address }) => `  ${name.padEnd(12)}${address}`),
    `  egress      ${egressInWords(egress)}`,
    `  state       ${home}`,
    ...published.map((port) => `  ${publishedInWords(port)}`),
    '',
    '  try: kubectl get nodes',
  ].join('\n')
}

/** In the foreground: ends with the cluster, and the cluster with it. */
async function untilStopped(layout: Layout, interrupt: AbortSignal): Promise<void> {
  const connection = await connectControl(layout.controlSocket)
  if (connection === undefined) return
  await using open = connection
  interrupt.addEventListener('abort', () => open.requestStop())
  if (interrupt.aborted) open.requestStop()
  for await (const state of open.states()) if (state.phase === 'stopping') continue
}

function publish(text: string, before: readonly PublishedPort[] = []): readonly PublishedPort[] {
  return [...before, ...parsePublish(text)]
}

/** Less is over before it is renewed. */
function signingDuration(text: string): number {
  const seconds = timeSpan(text, '1h, 30d or 365d')
  if (seconds < 60) throw new InvalidArgumentError('Give a minute or more.')
  return seconds
}

function wholeNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number.')
}

/** Names of clusters are unique on the machine, whatever home their state is in. */
function requireSameHome({ name, home }: ClusterConfig, layout: Layout): void {
  if (home === layout.home) return
  throw new UserError(`a cluster ${name} runs with its state in ${home}: choose another --name, or set PORTOLAN_HOME=${home}`)
}
