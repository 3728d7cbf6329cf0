import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Leases } from '../api/kinds/lease.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { formatCidr } from '../base/ip.ts'
import { isLoopback } from '../base/resolv-conf.ts'
import { jsonLog } from '../base/json-log.ts'
import { apiClient } from '../client/api-client.ts'
import { EventBroadcaster } from '../client/event-recorder.ts'
import { http2Transport } from '../client/http2-transport.ts'
import { informer } from '../client/informer.ts'
import { runControllers } from '../client/run-controllers.ts'
import { resolvConf } from '../cluster/dns-settings.ts'
import { ipv4 } from '../dataplane/proxy/family.ts'
import { healthCheckServers } from '../dataplane/proxy/health-check-servers.ts'
import { proxyHealthServer } from '../dataplane/proxy/proxy-health-server.ts'
import { Proxy } from '../dataplane/proxy/proxy.ts'
import { routesController } from '../dataplane/routes/routes-controller.ts'
import { conntrackCommand } from '../kernel/conntrack-command.ts'
import { nftSession } from '../kernel/nft-session.ts'
import { KernelOomKills } from '../kernel/oom-kills.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'
import { runAgent } from '../node/agent.ts'
import { keepContainerd } from '../node/containerd/keep-containerd.ts'
import { proxyEnvironment } from '../node/containerd/proxy-environment.ts'
import { criRuntime } from '../node/cri/cri-runtime.ts'
import { withOomReasons } from '../node/cri/oom-reasons.ts'
import { pauseImage } from '../node/images/catalog.ts'
import { isPinned } from '../node/images/reference.ts'
import { refreshBuiltinImages } from '../node/images/refresh.ts'
import { ensureSeed, seedRoot, type SeedOutcome } from '../node/images/seed.ts'
import { cniConfig, cniConfigFile } from '../node/network/cni-config.ts'
import { loopbackResolverRules } from '../node/network/loopback-resolver.ts'
import { AppliedRevision, tellOnNode } from '../node/withdrawal/applied-revision.ts'
import { edgeLease } from '../node/withdrawal/edge-lease.ts'
import { withDeletions } from '../node/withdrawal/with-deletions.ts'
import { Withdrawals } from '../node/withdrawal/withdrawals.ts'
import { answerAtLoopback } from './answer-at-loopback.ts'
import { kubernetesVersion } from './kubernetes-version.ts'
import { cniBinDir } from './cni-bin-dir.ts'
import { endOnFailure } from './failure.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { nameServersIn } from './machine-resolver.ts'
import { nodeArguments } from './node-arguments.ts'
import { startNodeDns } from './node-dns.ts'
import { nodeIdentity } from './node-identity.ts'
import { endOfProcess, reportReady } from './program-arguments.ts'
import { version } from './version.ts'

/**
 * The process of one node: its pods, their network, the service proxy and the cluster's DNS. Runs in its namespace, or on a
 * machine that has joined.
 */
const signal = endOfProcess()
const clock = systemClock
const given = await nodeArguments(process.argv.slice(2))
const { settings } = given
const { name, address, server, paths } = settings
const ownRanges = [settings.pods, settings.services, settings.nodes, settings.outside].map(formatCidr)
const log = jsonLog({ process: name })
endOnFailure(log)
giveBackMemory({ clock: systemClock })
const identity = await nodeIdentity(given, { clock, log, signal })

const { ca } = identity
const client = apiClient(http2Transport({ server, userAgent: 'kubelet', ca, pair: identity.client }))
const dnsClient = apiClient(http2Transport({ server, userAgent: 'portolan-dns', ca, pair: identity.dns }))
const live = { log, clock, signal }
const services = informer(client, Services, live)
const slices = informer(client, EndpointSlices, live)
const nodes = informer(client, Nodes, live)
// Before everything else: while it is away, nobody on the node finds anything.
const dns = await startNodeDns(settings, { ...live, client: dnsClient, services, slices })
const { namespace, name: edgeName } = edgeLease
const leases = informer(client, Leases, { ...live, namespace, fieldSelector: `metadata.name=${edgeName}` })

await mkdir(paths.run, { recursive: true })
const nft = nftSession({ processes, clock, scratchDirectory: paths.run })
const healthChecks = healthCheckServers(log)
const ownHealth = proxyHealthServer({ log, clock })
const proxy = new Proxy({
  services,
  slices,
  nodes,
  nft,
  conntrack: conntrackCommand({ processes }),
  log,
  clock,
  nodeName: name,
  ranges: [{ family: ipv4, services: [formatCidr(settings.services)], pods: formatCidr(settings.pods) }],
  healthChecks: {
    set(health) {
      healthChecks.set(health)
      ownHealth.set(health)
    },
  },
})
void answerAtLoopback(proxy, log)
const appliedRevision = new AppliedRevision({
  ...live,
  slices,
  tell: tellOnNode(client, name),
  onApplied: withDeletions(slices, (listener) => proxy.onApplied(listener)),
}).run()
const routes = runControllers([routesController({ nodes, ownNode: name, processes, clock })], live)

if (settings.machineLoopback !== undefined) await answerForLoopbackResolver()
const seeded = await prepareNode()
const runtime = keepContainerd(
  withOomReasons(criRuntime(paths.containerdSocket), new KernelOomKills()),
  {
    root: paths.containerdRoot,
    state: paths.containerdState,
    address: paths.containerdSocket,
    cniConfDir: paths.cniConf,
    cniBinDir,
    sandboxImage: pauseImage,
    registries: settings.registries,
    environment: proxyEnvironment(process.env, [...ownRanges, '.svc', `.${settings.clusterDomain}`, 'localhost']),
    logFile: paths.containerdLog,
  },
  { processes, clock },
)
await runtime.start(signal)
if (seeded === 'outdated') await refreshImages()

const agent = runAgent({
  client,
  runtime,
  services,
  withdrawal: new Withdrawals({ services, slices, nodes, leases, clock, nodeName: name }),
  events: new EventBroadcaster({ client, clock, log }).recorder('kubelet', name),
  processes,
  clock,
  log,
  signal,
  node: {
    name,
    address,
    kubeletPort: 10250,
    kubeletVersion: kubernetesVersion(version),
    containerRuntimeVersion: await runtimeVersion(),
  },
  stateDirectory: paths.pods,
  cgroupRoot: settings.podsCgroup,
  clusterDns: {
    server: settings.dnsAddress,
    domain: settings.clusterDomain,
    forwards: settings.dns.upstreams.length > 0,
  },
  resolvConfPath: resolvConf,
  hostsPath: '/etc/hosts',
  clientCa: ca,
  servingCertificate: () => identity.serving(client),
  isPinned,
  setUpNetwork,
  ready: () => void Promise.all([proxy.settled(), dns.ready]).then(reportReady),
})

await Promise.all([agent, routes, appliedRevision])
await Promise.all([dns.close(), proxy.stop(), healthChecks[Symbol.asyncDispose](), ownHealth[Symbol.asyncDispose]()])
await nft[Symbol.asyncDispose]()
process.exit(0)

/** What must be on disk before containerd starts. A node's first root is a copy of the machine's seed: its images are there. */
async function prepareNode(): Promise<SeedOutcome> {
  for (const folder of [paths.state, paths.pods, paths.cniConf, paths.cniState, paths.containerdState]) {
    await mkdir(folder, { recursive: true })
  }
  const seed = await ensureSeed(
    { directory: settings.images, runDir: settings.seedRun, nodePath: process.execPath, cniBinDir },
    { processes, clock, progress: (step) => log.info({ step }, 'images') },
  )
  return seedRoot(paths.containerdRoot, seed, processes)
}

/** What runs in the node's network, containerd among it, asks for names as the machine's resolv.conf says. */
async function answerForLoopbackResolver(): Promise<void> {
  const loopback = (await nameServersIn(resolvConf)).filter(isLoopback)
  if (loopback.length === 0) return
  await processes.run(['nft', '-f', '-'], { input: loopbackResolverRules(loopback, settings.dnsAddress) })
}

/** A root from before an upgrade has the built-in images of then. */
async function refreshImages(): Promise<void> {
  const root = { root: paths.containerdRoot, address: paths.containerdSocket, nodePath: process.execPath }
  await refreshBuiltinImages(root, { processes, clock, runtime })
}

async function setUpNetwork(podCIDR: string): Promise<void> {
  const text = cniConfig({ name: settings.networkName, podCIDR, dataDir: paths.cniState })
  // Written in place, because containerd takes no notice of a file that is moved in; and not again if nothing has changed,
  // because it would meet an empty file for a moment.
  const file = join(paths.cniConf, cniConfigFile)
  if (text !== (await contentOf(file))) await writeFile(file, text)
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function runtimeVersion(): Promise<string> {
  const { name: runtimeName, version: runtimeVersion } = await runtime.version(signal)
  return `${runtimeName}://${runtimeVersion}`
}
