import type { Pod } from '../../api/kinds/pod.ts'
import { isLeaving, isReady } from '../../api/no-endpoints/backing-pods.ts'
import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import { listeningSockets } from '../../kernel/listening-sockets.ts'
import type { ClusterFacts, ServiceFacts, Surroundings } from '../facts.ts'
import { backendsOf } from '../ingress/backends.ts'
import type { IngressFacts } from '../ingress/facts.ts'
import type { IngressReading, ReadIngresses } from '../ingress/reading.ts'
import { requestsOf } from '../ingress/requests.ts'
import { isReadyNode } from '../nodes.ts'
import { factsOf } from '../service-facts.ts'
import { readKernels } from './kernels.ts'
import { listObjects, type Objects } from './objects.ts'
import { processOf } from './pod-processes.ts'
import { lookFrom, type Place, type ViewsDeps } from './views.ts'

export interface GatherDeps extends ViewsDeps {
  readonly client: Client
  readonly cgroups: Cgroups
  readonly surroundings: Surroundings
  readonly readIngresses: ReadIngresses
  readonly clock: Clock
}

/** What is to be looked at. */
export interface Chosen {
  readonly services: readonly Service[]
  readonly ingresses: readonly Ingress[]
}

export interface Facts {
  readonly objects: Objects
  readonly cluster: ClusterFacts
  readonly services: readonly ServiceFacts[]
  readonly ingresses: readonly IngressFacts[]
}

/** As many pods are looked at for one to connect from. */
const maxClients = 20

/**
 * Looks at what is chosen from everywhere, and at the Services behind chosen Ingresses. Changes nothing; connections are
 * made and closed without a word, but for a GET to each rule of an Ingress.
 */
export async function gather(deps: GatherDeps, choose: (objects: Objects, reading: IngressReading) => Chosen): Promise<Facts> {
  const { surroundings, processes, cgroups } = deps
  const objects = await listObjects(deps.client)
  const reading = await deps.readIngresses(objects)
  const chosen = choose(objects, reading)
  const ready = objects.nodes.filter(isReadyNode).map(({ metadata }) => metadata.name)
  const nodes = surroundings.nodes.filter(({ name, isOff }) => !isOff && ready.includes(name))
  const kernels = await readKernels(processes, nodes)
  const bare: ClusterFacts = { ...objects, surroundings, kernels, listeners: new Map(), views: [], now: deps.clock.now() }
  const services = [...new Set([...chosen.services, ...chosen.ingresses.flatMap((ingress) => servicesBehind(ingress, objects.services))])]
  const facts = services.map((service) => factsOf(service, bare))
  const pids = await processesOf([...possibleClients(objects.pods), ...facts.flatMap(({ selected }) => selected)], { surroundings: { ...surroundings, nodes }, cgroups })
  const listeners = await listenersOf(facts.flatMap(({ selected }) => selected), pids)
  const requests = chosen.ingresses.flatMap((ingress) => requestsOf({ ingress, reading, cluster: bare }).map(({ request }) => request))
  const views = await lookFrom(placesIn(bare, nodes, pids), { services: facts, requests }, deps)
  const cluster = { ...bare, listeners, views }
  return {
    objects,
    cluster,
    services: chosen.services.map((service) => factsOf(service, cluster)),
    ingresses: chosen.ingresses.map((ingress) => {
      const behind = servicesBehind(ingress, objects.services).map((service) => [service.metadata.name, factsOf(service, cluster)] as const)
      return { ingress, objects, reading, cluster, services: new Map(behind) }
    }),
  }
}

function servicesBehind(ingress: Ingress, services: readonly Service[]): readonly Service[] {
  const names = new Set(backendsOf(ingress).map(({ service }) => service))
  return services.filter(({ metadata }) => metadata.namespace === ingress.metadata.namespace && names.has(metadata.name))
}

type Pids = ReadonlyMap<Pod, number>

async function processesOf(pods: readonly Pod[], { surroundings, cgroups }: Pick<GatherDeps, 'surroundings' | 'cgroups'>): Promise<Pids> {
  const running = [...new Set(pods)].filter(({ status }) => status?.phase === 'Running')
  const all = running.map(async (pod) => [pod, await processOf(pod, surroundings.nodes, cgroups)] as const)
  return new Map((await Promise.all(all)).flatMap(([pod, pid]) => (pid === undefined ? [] : [[pod, pid] as const])))
}

async function listenersOf(pods: readonly Pod[], pids: Pids): Promise<ClusterFacts['listeners']> {
  const all = [...new Set(pods)].flatMap((pod) => {
    const pid = pids.get(pod)
    return pid === undefined ? [] : [listeningSockets(pid).then((sockets) => [pod.metadata.uid, sockets] as const)]
  })
  return new Map(await Promise.all(all))
}

/** A few, one of which will do: those that are not about to go, and their networks with them. */
function possibleClients(pods: readonly Pod[]): readonly Pod[] {
  return pods.filter(isPossibleClient).slice(0, maxClients)
}

function isPossibleClient(pod: Pod): boolean {
  return pod.spec.hostNetwork !== true && isReady(pod) && !isLeaving(pod)
}

/** Each node, one pod, and outside. */
function placesIn({ surroundings }: ClusterFacts, nodes: Surroundings['nodes'], pids: Pids): readonly Place[] {
  const [client] = [...pids].filter(([pod]) => isPossibleClient(pod))
  return [
    ...(client === undefined ? [] : [podPlace(...client)]),
    ...nodes.map(({ name, netns }): Place => ({ kind: 'node', place: name, netns })),
    { kind: 'outside', place: 'outside', netns: surroundings.outside.netns },
  ]
}

function podPlace({ metadata }: Pod, pid: number): Place {
  return { kind: 'pod', place: `pod ${metadata.name}`, netns: `/proc/${pid}/ns/net` }
}
