import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { TrackedFlow } from '../../kernel/conntrack.ts'
import type { TableListing } from '../../kernel/nft-table-listing.ts'
import { Claims } from './claims.ts'
import { bySetThenKey, compileClaims, compileNode, elementsOf, type Claim, type Element } from './compile.ts'
import { diff, type Change } from './diff.ts'
import { healthCheckOf, type HealthCheck } from './health-check.ts'
import { portsOf, serviceOf, type ServicePort, type Viewpoint } from './model.ts'
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
  readonly #slices = new Map<ObjectKey, Map<ObjectKey, EndpointSlice>>()
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
    const [from, to] = [previous, next].map((slice) => slice && serviceOf(slice))
    if (previous !== undefined && from !== undefined) {
      const slices = this.#slices.get(this.#mark(from))
      slices?.delete(keyOf(previous))
      if (slices?.size === 0) this.#slices.delete(from)
    }
    if (next !== undefined && to !== undefined) {
      const slices = this.#slices.get(this.#mark(to)) ?? new Map<ObjectKey, EndpointSlice>()
      this.#slices.set(to, slices.set(keyOf(next), next))
    }
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
    for (const [index, key] of dirty.entries()) {
      this.#dirty.delete(key)
      const recompiled = this.#recompile(key)
      elements += recompiled.elements
      departed.push(...recompiled.departed)
      if (elements < size || index === dirty.length - 1) continue
      yield this.#step(departed)
      ;[elements, departed] = [0, []]
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
    const slices = [...(this.#slices.get(key)?.values() ?? [])]
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
