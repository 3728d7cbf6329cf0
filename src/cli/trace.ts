import { Command, Option } from 'commander'
import { Ingresses } from '../api/kinds/ingress.ts'
import type { Client } from '../client/client.ts'
import { serverAddress } from '../cluster/address-plan.ts'
import { planOf as planOfCluster } from '../cluster/config.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { namespaceNames } from '../cluster/network.ts'
import type { Surroundings } from '../doctor/facts.ts'
import { listObjects } from '../doctor/gather/objects.ts'
import { Directory } from '../trace/explain/directory.ts'
import { explain } from '../trace/explain/explain.ts'
import type { Walk } from '../trace/explain/walk.ts'
import { fromOutside } from '../trace/outside-names.ts'
import { record, type Plan } from '../trace/record.ts'
import { isReached, reportOf } from '../trace/report.ts'
import { fromNode, fromPod, parseSource, type SourceChoice, type SourcePlan } from '../trace/source-choice.ts'
import { asking, parseTarget, type Target } from '../trace/target.ts'
import { TraceError } from '../trace/trace-error.ts'
import type { WatchedPlace } from '../trace/watch/watcher.ts'
import type { SocketAddress } from '../kernel/conntrack.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { runningState, surroundingsOf, terminalPaint, withAnsweringApi } from './live-cluster.ts'

interface TraceOptions extends ClusterOption {
  readonly namespace: string
  readonly from?: string
  readonly host?: string
  readonly output?: 'json'
}

interface Request {
  readonly from: SourceChoice
  readonly to: Target
  readonly namespace: string
}

interface Where {
  readonly surroundings: Surroundings
  readonly edge: WatchedPlace
  /** From which HAProxy connects, and where its files are. */
  readonly relayAddress: string
  readonly ingressDirectory: string
}

/** How long the client waits for a connection, and for an answer. */
const timeoutMs = 2_500

export function traceCommand(context: CliContext): Command {
  return new Command('trace')
    .description('follow one connection through DNS, the kernel and back: portolan trace pod/NAME -- http://kubia; exits with 1 if it fails')
    .argument('<place-and-destination...>', 'pod/NAME, node/NAME, node or outside, and behind -- the destination')
    .option('--from <place>', 'the same as the first argument')
    .option('--host <host>', 'the host to ask for, where the destination is an address: of an Ingress, for instance')
    .option('-n, --namespace <namespace>', 'namespace of the pod', 'default')
    .addOption(new Option('-o, --output <format>', 'print the result as JSON').choices(['json']))
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (words: string[], options: TraceOptions) => {
      const walk = await saidToUsers(async () => {
        const { from, to } = read(words, options.from)
        const request = { from, to: asking(to, options.host), namespace: options.namespace }
        const { config, layout } = await existingCluster(context, options)
        const { processes: states } = await runningState(config, layout)
        const edge = { name: 'edge', netns: context.namespaces.path(namespaceNames(config.name).edge) }
        const where = { surroundings: surroundingsOf(context, config, states), edge, relayAddress: serverAddress(planOfCluster(config)), ingressDirectory: layout.ingress }
        return withAnsweringApi(config, layout, (client) => trace(request, where, client, context))
      })
      context.print(walk, options.output === 'json', reportOf(walk, terminalPaint))
      if (!isReached(walk)) process.exitCode = 1
    })
}

async function trace(request: Request, { surroundings, edge, relayAddress, ingressDirectory }: Where, client: Client, context: CliContext): Promise<Walk> {
  const objects = await listObjects(client)
  const plan = await planOf(request, { ...objects, surroundings }, client, context)
  const places = [edge, ...surroundings.nodes.filter(({ isOff }) => !isOff)]
  const deps = { processes: context.processes, caller: context.program('trace-caller'), pid: process.pid, random: Math.random }
  const directory = new Directory({ ...objects, surroundings })
  const relay = { address: relayAddress, watch: (from: SocketAddress) => context.watchRequest(ingressDirectory, from) }
  const relayAt: Plan['relayAt'] = (destination, protocol) => (directory.isIngress(destination, protocol) ? relay : undefined)
  const recording = await record({ ...plan, target: request.to, timeoutMs, relayAt }, places, deps)
  return recording.relayed === undefined ? explain(recording, directory) : explain(recording, directory, await context.doctor.readIngresses(objects))
}

type Objects = Awaited<ReturnType<typeof listObjects>> & Pick<Where, 'surroundings'>

async function planOf({ from, to, namespace }: Request, objects: Objects, client: Client, { cgroups }: CliContext): Promise<SourcePlan> {
  const { services, pods, surroundings } = objects
  switch (from.kind) {
    case 'outside':
      return fromOutside(to, surroundings, { services, ingresses: (await client.list(Ingresses)).items })
    case 'node':
      return fromNode(from.name, to, surroundings)
    case 'pod': {
      const pod = pods.find(({ metadata }) => metadata.name === from.name && metadata.namespace === namespace)
      if (pod === undefined) throw new TraceError(`there is no pod/${from.name} in namespace ${namespace}: see kubectl get pods -A, and give -n NAMESPACE`)
      return fromPod(pod, to, surroundings, cgroups)
    }
    default:
      return from satisfies never
  }
}

function read(words: readonly string[], from: string | undefined): Pick<Request, 'from' | 'to'> {
  const [place, destination, ...rest] = from === undefined ? words : [from, ...words]
  if (place === undefined || destination === undefined || rest.length > 0) {
    throw new TraceError('give a place and a destination: portolan trace pod/NAME -- http://kubia')
  }
  return { from: parseSource(place), to: parseTarget(destination) }
}

async function saidToUsers<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof TraceError ? new UserError(error.message) : error
  }
}
