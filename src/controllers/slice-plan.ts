import { createHash } from 'node:crypto'
import type { Endpoint, EndpointSlice, SlicePort } from '../api/kinds/endpoint-slice.ts'
import type { Draft, OwnerReference } from '../api/object.ts'
import { triggerTimeAnnotation } from './trigger-times.ts'

/** Endpoints that share one address type and one set of ports, and so may share slices. */
export interface SliceGroup {
  readonly addressType: string
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly Endpoint[]
}

/** What all slices of one owner have in common. */
export interface SliceOwner {
  readonly namespace: string
  /** Of the Service: slices are named after it. */
  readonly name: string
  readonly reference: OwnerReference
  readonly labels: Readonly<Record<string, string>>
  /** All annotations of the slices; those that a slice has stay unless given. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Noted on every slice that is written, RFC 3339. No reason to write one. */
  readonly triggerTime?: string | undefined
  /** Is being deleted: its slices are kept right, but the garbage collector must not meet new ones. */
  readonly isLeaving: boolean
  readonly maxEndpoints: number
}

export interface SliceState {
  /** The slices that are the controller's for this owner. */
  readonly existing: readonly EndpointSlice[]
  /** Whether a slice of this name is there already, anybody's. */
  readonly isTaken: (name: string) => boolean
}

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[]
  /** Existing slices with new content, at the version they had. */
  readonly update: readonly EndpointSlice[]
  readonly delete: readonly EndpointSlice[]
}

/** A slice in the making: `slice` is what it is stored as, undefined for a new one. */
interface Bin {
  readonly slice: EndpointSlice | undefined
  readonly addressType: string
  readonly ports: readonly SlicePort[]
  endpoints: Endpoint[]
  changed: boolean
}

/**
 * The fewest writes that turn the existing slices into ones that hold exactly the groups' endpoints. As upstream's
 * reconciler (k8s.io/endpointslice): an endpoint stays in the slice it is in; new ones fill slices that must be
 * written anyway, then one with room for all of them, then new slices; a slice that becomes empty is used for what
 * would else be created. Without any endpoint nothing is planned for but the groups' empty slices. Pure.
 */
export function planSlices(owner: SliceOwner, groups: readonly SliceGroup[], state: SliceState): SlicePlan {
  const own = state.existing.filter((slice) => isOwnedBy(slice, owner))
  const foreign = state.existing.filter((slice) => !own.includes(slice))
  const byGroup = Map.groupBy(own, (slice) => groupKey(slice))
  const bins: Bin[] = []
  const leftOver = new Set(own)
  for (const group of groups) {
    const slices = byGroup.get(groupKey(group)) ?? []
    for (const bin of fill(group, slices, owner.maxEndpoints)) {
      bins.push(bin)
      if (bin.slice !== undefined) leftOver.delete(bin.slice)
    }
  }
  const fresh = recycle(bins.filter(({ slice }) => slice === undefined), leftOver)
  const kept = [...bins.filter(({ slice }) => slice !== undefined), ...fresh.recycled]
  return {
    create: owner.isLeaving ? [] : name(fresh.created, owner, state),
    update: kept.flatMap((bin) => updated(bin, owner)),
    delete: [...leftOver, ...foreign],
  }
}

/** Equal for slices and groups that endpoints may move between. */
export function groupKey({ addressType, ports }: { addressType: string; ports?: readonly SlicePort[] }): string {
  return JSON.stringify([addressType, (ports ?? []).map(portText).sort()])
}

function fill(group: SliceGroup, slices: readonly EndpointSlice[], maxEndpoints: number): readonly Bin[] {
  const wanted = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]))
  const bins = slices.map((slice) => keep(slice, wanted))
  const used = bins.filter(({ endpoints }) => endpoints.length > 0)
  // Where no endpoint is wanted, one slice that is empty already stays.
  if (group.endpoints.length === 0) used.push(...bins.filter(({ changed }) => !changed).slice(0, 1))
  const left = [...wanted.values()]
  const place = (bin: Bin) => {
    const added = left.splice(0, maxEndpoints - bin.endpoints.length)
    bin.endpoints.push(...added)
    bin.changed ||= added.length > 0
  }
  used.filter(({ changed }) => changed).sort(fullestFirst).forEach(place)
  const roomy = used.filter(({ changed, endpoints }) => !changed && endpoints.length + left.length <= maxEndpoints)
  roomy.sort(fullestFirst).slice(0, 1).forEach(place)
  while (left.length > 0 || used.length === 0) {
    const { addressType, ports } = group
    const bin: Bin = { slice: undefined, addressType, ports, endpoints: [], changed: true }
    place(bin)
    used.push(bin)
  }
  return used
}

/** What stays of a slice; takes what it finds out of `wanted`. */
function keep(slice: EndpointSlice, wanted: Map<string, Endpoint>): Bin {
  const present = slice.endpoints ?? []
  const endpoints: Endpoint[] = []
  for (const endpoint of present) {
    const next = wanted.get(identity(endpoint))
    if (next === undefined) continue
    endpoints.push(endpointText(next) === endpointText(endpoint) ? endpoint : next)
    wanted.delete(identity(endpoint))
  }
  const changed = endpoints.length !== present.length || endpoints.some((endpoint, at) => endpoint !== present[at])
  return { slice, addressType: slice.addressType, ports: slice.ports ?? [], endpoints, changed }
}

function fullestFirst(a: Bin, b: Bin): number {
  return b.endpoints.length - a.endpoints.length
}

/** Gives new bins the slices that would be deleted; the address type of a slice cannot change. */
function recycle(fresh: readonly Bin[], leftOver: Set<EndpointSlice>) {
  const recycled: Bin[] = []
  const created: Bin[] = []
  for (const bin of fresh) {
    const slice = [...leftOver].find(({ addressType }) => addressType === bin.addressType)
    if (slice === undefined) {
      created.push(bin)
      continue
    }
    leftOver.delete(slice)
    recycled.push({ ...bin, slice })
  }
  return { recycled, created }
}

function updated({ slice, ports, endpoints, changed }: Bin, owner: SliceOwner): EndpointSlice[] {
  if (slice === undefined) return []
  const { labels } = owner
  const present = slice.metadata.annotations
  const sameAnnotations = owner.annotations === undefined || sameMap(present, owner.annotations)
  if (!changed && sameMap(slice.metadata.labels, labels) && sameAnnotations) return []
  const metadata = { ...slice.metadata, labels: { ...labels }, annotations: annotationsFor(owner, present) }
  return [{ ...slice, metadata, ports: [...ports], endpoints }]
}

function name(bins: readonly Bin[], owner: SliceOwner, { isTaken }: SliceState): Draft<EndpointSlice>[] {
  const given = new Set<string>()
  return bins.map(({ addressType, ports, endpoints }) => {
    const isUsed = (candidate: string) => given.has(candidate) || isTaken(candidate)
    const free = firstFree(owner, groupKey({ addressType, ports }), isUsed)
    given.add(free)
    return {
      metadata: {
        namespace: owner.namespace,
        name: free,
        labels: { ...owner.labels },
        annotations: annotationsFor(owner),
        ownerReferences: [owner.reference],
      },
      addressType,
      ports: [...ports],
      endpoints,
    }
  })
}

function annotationsFor({ annotations, triggerTime }: SliceOwner, present: Readonly<Record<string, string>> = {}) {
  const { [triggerTimeAnnotation]: _, ...kept } = annotations ?? present
  return triggerTime === undefined ? kept : { ...kept, [triggerTimeAnnotation]: triggerTime }
}

/**
 * `<service>-<suffix>`, in the look of generated names, but following from the owner and its ports: two attempts to
 * create the same slice collide instead of making two.
 */
function firstFree({ name: base, reference }: SliceOwner, group: string, isTaken: (name: string) => boolean): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  for (let ordinal = 0; ; ordinal += 1) {
    const hash = createHash('sha256').update(JSON.stringify([reference.uid, group, ordinal])).digest()
    const suffix = Array.from(hash.subarray(0, 5), (byte) => alphabet[byte % alphabet.length]).join('')
    const candidate = `${base}-${suffix}`
    if (!isTaken(candidate)) return candidate
  }
}

function isOwnedBy({ metadata }: EndpointSlice, { reference }: SliceOwner): boolean {
  return metadata.ownerReferences?.some(({ uid, kind }) => uid === reference.uid && kind === reference.kind) ?? false
}

/** An endpoint that may change its conditions or node and stay the same endpoint. */
function identity({ addresses, targetRef, hostname }: Endpoint): string {
  return JSON.stringify([addresses, targetRef?.uid ?? targetRef?.name, hostname])
}

function endpointText({ addresses, conditions, hostname, nodeName, zone, targetRef, hints = {} }: Endpoint): string {
  const { ready, serving, terminating } = conditions ?? {}
  const { forZones = [], forNodes = [] } = hints
  const isFor = [forZones.map(({ name: zoneName }) => zoneName), forNodes.map(({ name: node }) => node)]
  const target = [targetRef?.kind, targetRef?.namespace, targetRef?.name, targetRef?.uid]
  return JSON.stringify([addresses, ready, serving, terminating, hostname, nodeName, zone, target, isFor])
}

function portText({ name: portName = '', port, protocol = 'TCP', appProtocol }: SlicePort): string {
  return JSON.stringify([portName, port, protocol, appProtocol])
}

function sameMap(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const entries = Object.entries(b)
  return Object.keys(a).length === entries.length && entries.every(([key, value]) => a[key] === value)
}
