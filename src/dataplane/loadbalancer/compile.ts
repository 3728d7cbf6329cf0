import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import { bySetThenKey, type SetElement } from '../../kernel/nft-elements.ts'
import type { BalancedNode } from './balanced-node.ts'
import { byClientBit, sets } from './base-rules.ts'
import { assignBuckets } from './buckets.ts'
import { frontendsOf, isByClient, scopeOf, type Domain, type Frontend, type Scope } from './frontend.ts'
import type { Check, HealthOf } from './health.ts'
import { candidatesFor, membersOf, nodeHealthPort } from './members.ts'
import { hex, markOf } from './node-mark.ts'

/** All that decides where connections go. */
export interface View {
  readonly services: readonly Service[]
  slicesOf(service: ObjectKey): readonly EndpointSlice[]
  readonly nodes: readonly BalancedNode[]
  readonly healthOf: HealthOf
  readonly domain: Domain
}

export interface Compiled {
  /** Sorted by set and key, each key once. */
  readonly elements: readonly SetElement[]
  /** What has to be known for it. Nothing if nothing is balanced. */
  readonly checks: readonly Check[]
}

/** Frontends that share their nodes, and how clients are led to them. */
interface Group {
  readonly id: number
  readonly scope: Scope
  readonly candidates: readonly BalancedNode[]
  readonly frontends: readonly Frontend[]
}

const nodeCheckMs = 500
/** Health checks of Services: what they say is known earlier from EndpointSlices, so they are not asked more than so often in all. */
const serviceChecks = { everyMs: 1_000, spacingMs: 20 }

/** Pure, and blind to the order in which things come. If Services want the same key, the first by name has it. */
export function compile(view: View): Compiled {
  const all = groupsOf(view)
  const groups = [...new Map(all.map((group) => [group.id, group])).values()]
  const elements = [...all.flatMap(frontendElements), ...groups.flatMap((group) => memberElements(group, view.healthOf))]
  elements.sort(bySetThenKey) // stable: the first Service stays first
  return {
    elements: elements.filter(({ set, key }, index) => set !== elements[index - 1]?.set || key !== elements[index - 1]?.key),
    checks: checksOf(groups),
  }
}

function groupsOf({ services, slicesOf, nodes, domain }: View): readonly Group[] {
  return [...services].sort(byName).flatMap((service) => {
    const frontends = frontendsOf(service, domain)
    const scope = scopeOf(service)
    if (frontends.length === 0 || scope === undefined) return []
    const slices = scope.nodes === 'all' ? [] : slicesOf(keyOf(service))
    return [{ id: idOf(scope, isByClient(service)), scope, candidates: candidatesFor(scope, nodes, slices), frontends }]
  })
}

/** The port for health checks is one Service's alone, and stays the same; all that go to all nodes are one group. */
function idOf(scope: Scope, byClient: boolean): number {
  return (scope.nodes === 'all' ? 0 : scope.healthCheckPort) + (byClient ? byClientBit : 0)
}

function frontendElements({ id, frontends }: Group): readonly SetElement[] {
  const value = hex(id)
  return frontends.map(({ address, protocol, port }) => ({ set: sets.frontends, key: `${address} . ${protocol} . ${port}`, value }))
}

function memberElements({ id, scope, candidates }: Group, healthOf: HealthOf): readonly SetElement[] {
  const group = hex(id)
  const marks = membersOf(scope, candidates, healthOf).map(({ address }) => markOf(address)).filter((mark) => mark !== undefined)
  return [
    ...marks.map((mark) => ({ set: sets.members, key: `${group} . ${mark}` })),
    ...assignBuckets(marks).map((mark, bucket) => ({ set: sets.buckets, key: `${group} . ${bucket}`, value: mark })),
  ]
}

function checksOf(groups: readonly Group[]): readonly Check[] {
  const ofNodes = new Map<string, Check>()
  const ofServices: Omit<Check, 'everyMs'>[] = []
  for (const { scope, candidates } of groups) {
    for (const { address } of candidates) {
      ofNodes.set(address, { address, port: nodeHealthPort, everyMs: nodeCheckMs })
      if (scope.nodes !== 'all') ofServices.push({ address, port: scope.healthCheckPort })
    }
  }
  const everyMs = Math.max(serviceChecks.everyMs, ofServices.length * serviceChecks.spacingMs)
  return [...ofNodes.values(), ...ofServices.map((check) => ({ ...check, everyMs }))].sort(byPortThenAddress)
}

function byPortThenAddress(a: Check, b: Check): number {
  return a.port - b.port || (a.address < b.address ? -1 : 1)
}

function byName(a: Service, b: Service): number {
  return keyOf(a) < keyOf(b) ? -1 : 1
}
