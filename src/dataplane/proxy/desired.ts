import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { TrackedFlow } from '../../kernel/conntrack.ts'
import type { TableListing } from '../../kernel/nft-table-listing.ts'
import { Claims } from './claims.ts'
import { bySetThenKey, compileClaims, compileNode, elementsOf, type Claim, type Element } from './compile.ts'
import { diff, type Change } from './diff.ts'
import { healthCheckOf, type HealthCheck } from './health-check.ts'
import { portsOf, type ServicePort, type Viewpoint } from './model.ts'
import { Pools, type Pool } from './pools.ts'
import { isSlots } from './shape.ts'
import { departedFlows } from './tracked-flows.ts'

/** What is to be done since the last step. */
export interface Step {
  readonly changes: readonly Change[]
  readonly departed: readonly TrackedFlow[]
}

interface Compiled {
  /** Those that connection tracking may have to be asked about. */
  readonly udpPorts: readonly ServicePort[]
  readonly claims: readonly Claim[]
  /** Each as often as one of the ports leads to it. */
  readonly pools: readonly Pool[]
}

/** Who claims the elements that are no Service's. */
const nodeItself = ''
const nothing: Compiled = { udpPorts: [], claims: [], pools: [] }

/**
 * The desired state of the proxy's sets, kept up to date from changed Services and EndpointSlices. Only Services that
 * changed, or whose slices did, are compiled again, when the next step is asked for.
 */
export class DesiredState {
  #viewpoint: Viewpoint
  readonly #services = new Map<ObjectKey, Service>()
  readonly #slices = new Map<ObjectKey, readonly EndpointSlice[]>()
  readonly #compiled = new Map<ObjectKey, Compiled>()
  readonly #healthChecks = new Map<ObjectKey, HealthCheck>()
  readonly #claims = new Claims()
  readonly #pools = new Pools()
  readonly #dirty = new Set<ObjectKey>()

  #ofNode: readonly Element[] = []

  constructor(viewpoint: Viewpoint) {
    this.#viewpoint = viewpoint
  }

  /** Node ports, and what is near, follow the node of the proxy. */
  viewpointChanged(viewpoint: Viewpoint): void {
    this.#viewpoint = viewpoint
    for (const key of this.#services.keys()) this.#dirty.add(key)
  }

  serviceChanged(previous: Service | undefined, next: Service | undefined): void {
    if (previous !== undefined) this.#services.delete(this.#mark(keyOf(previous)))
    if (next !== undefined) this.#services.set(this.#mark(keyOf(next)), next)
  }

  sliceChanged(previous: EndpointSlice | undefined, next: EndpointSlice | undefined): void {
    const from = previous && serviceOf(previous)
    if (previous !== undefined && from !== undefined) {
      const others = this.#slicesOf(this.#mark(from)).filter((slice) => keyOf(slice) !== keyOf(previous))
      if (others.length === 0) this.#slices.delete(from)
      else this.#slices.set(from, others)
    }
    const to = next && serviceOf(next)
    if (next !== undefined && to !== undefined) this.#slices.set(to, [...this.#slicesOf(this.#mark(to)), next])
  }

  /** Compiles what is dirty; the step is empty if that makes no difference. */
  takeStep(): Step {
    const [step] = this.steps(Infinity)
    return step ?? { changes: [], departed: [] }
  }

  /**
   * The same in several steps, at least one, each of which ends with the Service with which it has so many elements.
   * What gets dirty meanwhile is left for later.
   */
  *steps(size: number): Generator<Step, void> {
    this.#recompileNode()
    const dirty = [...this.#dirty]
    let [elements, departed]: [number, TrackedFlow[]] = [0, []]
    for (const key of dirty) {
      if (elements >= size) {
        yield this.#step(departed)
        ;[elements, departed] = [0, []]
      }
      this.#dirty.delete(key)
      const recompiled = this.#recompile(key)
      elements += recompiled.elements
      departed.push(...recompiled.departed)
    }
    yield this.#step(departed)
  }

  /** The table of an earlier life is taken over: what is the same shall have the same names. To be called first. */
  adopt(listing: Pick<TableListing, 'elements'>): void {
    const slots = [...listing.elements].filter(([set]) => isSlots(set)).map(([, elements]) => elements)
    this.#pools.adopt(slots)
  }

  /** To be called each time that what lingered in the kernel is gone from it. */
  packetsHavePassed(): void {
    this.#pools.packetsHavePassed()
  }

  elements(): Element[] {
    return this.#claims.all().flatMap(elementsOf)
  }

  udpPorts(): ServicePort[] {
    return [...this.#compiled.values()].flatMap(({ udpPorts }) => udpPorts)
  }

  healthChecks(): HealthCheck[] {
    return [...this.#healthChecks.values()]
  }

  #slicesOf(service: ObjectKey): readonly EndpointSlice[] {
    return this.#slices.get(service) ?? []
  }

  #mark(service: ObjectKey): ObjectKey {
    this.#dirty.add(service)
    return service
  }

  #recompileNode(): void {
    const next = compileNode(this.#viewpoint.node, this.#viewpoint.families)
    this.#claims.change(nodeItself, diff(this.#ofNode, next))
    this.#ofNode = next
  }

  #step(departed: readonly TrackedFlow[]): Step {
    return { changes: this.#claims.take().flatMap(changesOf), departed }
  }

  /** Returns how many elements there are to change. */
  #recompile(key: ObjectKey): { elements: number; departed: readonly TrackedFlow[] } {
    const service = this.#services.get(key)
    const last = this.#compiled.get(key) ?? nothing
    const slices = this.#slicesOf(key)
    const ports = service === undefined ? [] : portsOf(service, slices, this.#viewpoint)
    const healthCheck = service === undefined ? undefined : healthCheckOf(service, slices, this.#viewpoint)
    if (healthCheck === undefined) this.#healthChecks.delete(key)
    else this.#healthChecks.set(key, healthCheck)
    const next = this.#compile(ports)
    for (const pool of last.pools) this.#pools.leave(pool)
    if (ports.length === 0) this.#compiled.delete(key)
    else this.#compiled.set(key, next)
    const changes = diff(last.claims, next.claims)
    this.#claims.change(key, changes)
    return { elements: sum(changes.map(sizeOf)), departed: departedFlows(last.udpPorts, next.udpPorts) }
  }

  #compile(ports: readonly ServicePort[]): Compiled {
    const pools: Pool[] = []
    const claims = compileClaims(ports, (content) => {
      const pool = this.#pools.enter(content)
      if (pool !== undefined) pools.push(pool)
      return pool?.number
    })
    return { udpPorts: ports.filter(({ protocol }) => protocol === 'udp'), claims, pools }
  }
}

/** Of the elements that claims stand for. */
function changesOf({ before, after }: Change<Claim>): Change[] {
  if (before?.group === undefined && after?.group === undefined) return [{ before, after }]
  if (before === undefined) return elementsOf(after).map((element) => ({ before: undefined, after: element }))
  if (after === undefined) return elementsOf(before).map((element) => ({ before: element, after: undefined }))
  return diff([...elementsOf(before)].sort(bySetThenKey), [...elementsOf(after)].sort(bySetThenKey))
}

function sizeOf({ before, after }: Change<Claim>): number {
  return Math.max(before?.group?.size ?? 1, after?.group?.size ?? 1)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
