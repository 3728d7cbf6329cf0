import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { Turns } from '../base/turns.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { runControllers } from '../client/run-controllers.ts'
import type { Processes } from '../kernel/processes.ts'
import { realCgroups } from '../kernel/real-cgroups.ts'
import { unacceptedConnections } from '../kernel/unaccepted.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import { serveKubeletApi } from './kubelet-api/server.ts'
import { readLoad, readMachine, type Machine } from './machine.ts'
import type { NodeDescription } from './node-status.ts'
import type { ClusterDns } from './pods/dns.ts'
import { NodePods } from './pods/node-pods.ts'
import { nodePaths } from './pods/paths.ts'
import { podCgroups } from './pods/pod-cgroups.ts'
import type { PodDeps } from './pods/pod-deps.ts'
import { RuntimeView } from './pods/runtime-view.ts'
import { apiSources } from './pods/sources.ts'
import { downwardFacts } from './pods/start-sandbox.ts'
import { liveVolumes } from './pods/volumes/live-volumes.ts'
import { tmpfsOf } from './pods/volumes/tmpfs.ts'
import { Prober } from './probes/prober.ts'
import { NodeRegistration } from './registration.ts'
import type { Withdrawal } from './withdrawal/withdrawals.ts'

export interface ServingCertificate {
  /** PEM. */
  readonly pair: { readonly cert: string; readonly key: string }
  /** Renews it before it ends, as long as the agent runs. */
  keepRenewed(renewed: (pair: ServingCertificate['pair']) => void): void
}

export interface AgentOptions {
  readonly client: Client
  readonly runtime: ContainerRuntime
  /** All Services: containers are told of them by environment variables. */
  readonly services: Cache<Service>
  /** Those of the node. */
  readonly pods: Cache<Pod>
  /** Says when a pod that is to end is sent nothing new any more. */
  readonly withdrawal: Withdrawal
  readonly events: EventRecorder
  readonly processes: Processes
  readonly clock: Clock
  readonly log: Log
  /** Ends the agent; pods go on running. */
  readonly signal: AbortSignal
  readonly node: Omit<NodeDescription, 'machine'>
  /** Where logs and volumes of pods lie. Must be there. */
  readonly stateDirectory: string
  /** cgroup under which all pods of the node are, e.g. `/portolan/node-1`. */
  readonly cgroupRoot: string
  readonly clusterDns: ClusterDns
  /** The node's own resolver set-up, for `dnsPolicy: Default`. */
  readonly resolvConfPath: string
  readonly hostsPath: string
  /** PEM of the authority whose clients the kubelet API hears. */
  readonly clientCa: string
  /** Whether an image was built into the node and is never pulled. */
  isPinned(image: string): boolean
  /** The certificate of the kubelet API, asked for once the Node is registered. */
  servingCertificate(): Promise<ServingCertificate>
  /** Sets up the pod network, e.g. for `10.108.1.0/24`; done before the node is ready and a pod runs. */
  setUpNetwork(podCidr: string): Promise<void>
  /** Called once the API has been told that the node is ready. */
  ready?(): void
}

/**
 * Runs one node until the signal aborts, in this order: the Node is in the API, its pod network is there, pods run and
 * the node is Ready. Rejects if it cannot start or a part of it breaks.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { client, clock, log, signal, node, pods, stateDirectory, runtime } = options
  const machine = await readMachine(stateDirectory)
  let networkProblem: string | undefined = 'the pod network is not set up yet'
  const registration = new NodeRegistration({
    client,
    clock,
    log,
    signal,
    node: { ...node, machine },
    load: () => readLoad(stateDirectory),
    problems: async () => {
      const found = await runtimeProblems(runtime)
      return networkProblem === undefined ? found : [...found, networkProblem]
    },
  })
  await options.setUpNetwork(await registration.register())
  networkProblem = undefined
  const deps = podDeps(options, machine, await realCgroups(clock))
  const { address: host, kubeletPort: port } = node
  const { clientCa } = options
  const serving = await options.servingCertificate()
  const kubeletApi = await serveKubeletApi({ ...deps, pods, host, port, tls: { ...serving.pair, clientCa } })
  serving.keepRenewed((pair) => kubeletApi.renew(pair))
  const followers = [
    podCgroups({ pods, cgroups: deps.cgroups, cgroupRoot: options.cgroupRoot }),
    liveVolumes({ ...deps, pods, signal, facts: (pod) => downwardFacts(pod, '', deps.node) }),
  ]
  try {
    await Promise.all([
      refresh(registration, options),
      registration.run(),
      new NodePods(deps, pods, signal).run(),
      runControllers(followers, { log, clock, signal }),
    ])
  } finally {
    await kubeletApi.close()
  }
}

function podDeps(options: AgentOptions, machine: Machine, cgroups: PodDeps['cgroups']): PodDeps {
  const { client, runtime, events, clock, log, node, processes } = options
  return {
    client,
    runtime,
    events,
    clock,
    log,
    view: new RuntimeView(runtime),
    services: options.services,
    withdrawal: options.withdrawal,
    sources: apiSources(client, clock),
    readiness: new Prober({ runtime, events, clock, log }),
    node: {
      name: node.name,
      hostIP: node.address,
      allocatable: { cpu: machine.cpus, memory: machine.memoryBytes, 'ephemeral-storage': machine.diskBytes },
    },
    paths: nodePaths(options.stateDirectory),
    tmpfs: tmpfsOf(processes),
    volumeTurns: new Turns(),
    cgroups,
    cgroupRoot: options.cgroupRoot,
    clusterDns: options.clusterDns,
    nodeResolvConfPath: options.resolvConfPath,
    nodeHostsPath: options.hostsPath,
    isPinned: (image) => options.isPinned(image),
    unacceptedConnections,
  }
}

/** The node is ready now, not only at the next heartbeat. */
async function refresh(registration: NodeRegistration, { log, signal, ready }: AgentOptions): Promise<void> {
  try {
    await registration.refresh()
    ready?.()
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'node not yet told to be ready; the next heartbeat does')
  }
}

async function runtimeProblems(runtime: ContainerRuntime): Promise<readonly string[]> {
  try {
    await runtime.version()
    return []
  } catch (error) {
    return [`container runtime is down: ${error instanceof Error ? error.message : String(error)}`]
  }
}
