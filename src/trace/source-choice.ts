import { readFile } from 'node:fs/promises'
import type { Pod } from '../api/kinds/pod.ts'
import type { Surroundings } from '../doctor/facts.ts'
import { processesOf } from '../doctor/gather/pod-processes.ts'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Order } from './caller/messages.ts'
import { addressInHosts, parseResolvConf } from './caller/resolver.ts'
import type { Naming } from './recording.ts'
import type { Source } from './source.ts'
import { isAddress, type Target } from './target.ts'
import { TraceError } from './trace-error.ts'

/** Where a connection is wanted to be made. */
export type SourceChoice =
  | { readonly kind: 'pod'; readonly name: string }
  /** The first that is on unless it is named. */
  | { readonly kind: 'node'; readonly name?: string }
  | { readonly kind: 'outside' }

/** A place that a connection can be made from, and how programs there find addresses of names. */
export interface SourcePlan extends Pick<Order, 'resolver' | 'address'> {
  readonly source: Source
  readonly naming?: Naming
}

/** Reads `pod/NAME`, `node/NAME`, `node` or `outside`. Throws `TraceError`. */
export function parseSource(text: string): SourceChoice {
  const [, kind, name] = /^(pods?|po|nodes?|no|outside)(?:\/([^/]+))?$/.exec(text) ?? []
  if (kind?.startsWith('po') && name !== undefined) return { kind: 'pod', name }
  if (kind?.startsWith('no')) return { kind: 'node', ...(name === undefined ? {} : { name }) }
  if (kind === 'outside' && name === undefined) return { kind }
  throw new TraceError(`${JSON.stringify(text)} is no place to connect from: give pod/NAME, node/NAME, node or outside`)
}

/** A pod of the namespace, by the files that its programs have. Rejects with `TraceError`. */
export async function fromPod(pod: Pod, { host }: Target, { nodes }: Surroundings, cgroups: Cgroups): Promise<SourcePlan> {
  const { name } = pod.metadata
  const pids = await processesOf(pod, nodes, cgroups)
  const [pid] = pids
  const { nodeName } = pod.spec
  if (nodeName !== undefined && nodes.every((node) => node.name !== nodeName)) {
    throw new TraceError(`pod ${name} is on ${nodeName}, which is another machine: choose a pod of ${nodes.map((node) => node.name).join(', ')}`)
  }
  if (pid === undefined || nodeName === undefined) {
    throw new TraceError(`pod ${name} runs no program here (${pod.status?.phase ?? 'without a phase'}): see kubectl describe pod ${name}`)
  }
  const source: Source = { kind: 'pod', name: `pod ${name}`, node: nodeName, netns: `/proc/${pid}/ns/net` }
  if (isAddress(host)) return { source }
  const address = addressInHosts(await fileOf(pids, '/etc/hosts'), host)
  if (address !== undefined) return { source, address, naming: { by: 'hosts file', address } }
  const resolver = parseResolvConf(await fileOf(pids, '/etc/resolv.conf'))
  if (resolver.servers.length === 0) throw new TraceError(`pod ${name} has no nameserver in its /etc/resolv.conf: give an address in place of ${host}`)
  return { source, resolver }
}

/** Nodes are not clients of cluster DNS, so they have no search list; it is asked for the name as it is. */
export function fromNode(wanted: string | undefined, { host }: Target, { nodes, dnsServer }: Surroundings): SourcePlan {
  const node = wanted === undefined ? nodes.find(({ isOff }) => !isOff) : nodes.find(({ name }) => name === wanted)
  if (node === undefined) throw new TraceError(`there is no node ${JSON.stringify(wanted)} on this machine: choose one of ${nodes.map(({ name }) => name).join(', ')}`)
  if (node.isOff) throw new TraceError(`${node.name} is off: start it with ./portolan node start ${node.name}`)
  const source: Source = { kind: 'node', name: node.name, node: node.name, netns: node.netns }
  return isAddress(host) ? { source } : { source, resolver: { servers: [dnsServer], search: [], ndots: 1 } }
}

/** The file as a program of the pod sees it; its sandbox has not all of them. Empty if nobody has it. */
async function fileOf(pids: readonly number[], path: string): Promise<string> {
  for (const pid of pids) {
    try {
      return await readFile(`/proc/${pid}/root${path}`, 'utf8')
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (!['ENOENT', 'ESRCH'].includes(code)) throw error
    }
  }
  return ''
}
