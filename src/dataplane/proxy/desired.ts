import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import { serviceOf } from '../../api/kinds/service-endpoints.ts'
import type { Service } from '../../api/kinds/service.ts'
import { keyOf, type ObjectKey } from '../../api/object.ts'
import type { TrackedFlow } from '../../kernel/conntrack.ts'
import { Claims } from './claims.ts'
import { bySetThenKey, compileClaims, compileNode, elementsOf, type Claim, type Element } from './compile.ts'
import { diff, type Change } from './diff.ts'
import { healthCheckOf, type HealthCheck } from './health-check.ts'
import { portsOf, type ServicePort, type Viewpoint } from './model.ts'
import { departedFlows } from './tracked-flows.ts'

/** What is to be done since the last step. */
export interface Step {
  readonly changes: readonly Change[]
  readonly departed: readonly TrackedFlow[]
}

interface Compiled {
  readonly ports: readonly ServicePort[]
  readonly claims: readonly Claim[]
}

/** Who claims the elements that are no Service's. */
const nodeItself = ''
const nothing: Compiled = { ports: [], claims: [] }

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
    this.#recompileNode()
    const departed = [...this.#dirty].flatMap((key) => this.#recompile(key))
    this.#dirty.clear()
    return { changes: this.#claims.take().flatMap(changesOf), departed }
  }

  elements(): Element[] {
    return this.#claims.all().flatMap(elementsOf)
  }

  ports(): ServicePort[] {
    return [...this.#compiled.values()].flatMap(({ ports }) => ports)
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

  #recompile(key: ObjectKey): TrackedFlow[] {
    const service = this.#services.get(key)
    const last = this.#compiled.get(key) ?? nothing
    const slices = [...(this.#slices.get(key)?.values() ?? [])]
    const ports = service === undefined ? [] : portsOf(service, slices, this.#viewpoint)
    const healthCheck = service === undefined ? undefined : healthCheckOf(service, slices, this.#viewpoint)
    if (healthCheck === undefined) this.#healthChecks.delete(key)
    else this.#healthChecks.set(key, healthCheck)
    const next = { ports, claims: compileClaims(ports) }
    if (ports.length === 0) this.#compiled.delete(key)
    else this.#compiled.set(key, next)
    this.#claims.change(key, diff(last.claims, next.claims))
    return departedFlows(last.ports, next.ports)
  }
}

/** Of the elements that claims stand for. */
function changesOf({ before, after }: { before: Claim | undefined; after: Claim | undefined }): Change[] {
  if (before?.elements === undefined && after?.elements === undefined) return [{ before, after }]
  const [last, next] = [before, after].map((claim) => (claim === undefined ? [] : [...elementsOf(claim)].sort(bySetThenKey)))
  return diff(last ?? [], next ?? [])
}
