import type { V1NodeAddress, V1NodeCondition, V1NodeSpec, V1NodeStatus, V1Taint } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { duplicate, forbidden, invalid, required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import { isLabelValue } from '../names.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { familyOf, validateCIDR } from './addresses.ts'
import { validateQuantities } from './pod-spec/resources.ts'
import { validateTaintEffect } from './pod-spec/scheduling.ts'
import { repeated, validateQualifiedName } from './values.ts'

export interface Node extends KubeObject {
  spec: NodeSpec
  status?: NodeStatus
}

export type NodeSpec = Wire<V1NodeSpec>
export type NodeStatus = Wire<V1NodeStatus>
export type NodeCondition = Wire<V1NodeCondition>
export type NodeAddress = Wire<V1NodeAddress>
export type Taint = Wire<V1Taint>

export const Nodes: Resource<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  namespaced: false,
  shortNames: ['no'],
}

/** An agent may register its node with a status: it is kept on create, unlike that of other kinds. */
export const nodeKind: Kind<Node> = {
  resource: Nodes,
  schema: 'V1Node',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareUpdate(next, previous) {
    next.status = structuredClone(previous.status) ?? {}
  },

  validate: (node) => [
    ...validateTaints(node.spec.taints ?? []),
    ...validateResources(node),
    ...validatePodCIDRs(node.spec.podCIDRs ?? []),
  ],
  validateUpdate: validateNodeUpdate,
  validateStatus: (node) => [...validateResources(node), ...validateAddresses(node)],

  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Whether it is ready, and whether it takes new pods.',
      priority: 0,
      cell: formatStatus,
    },
    {
      name: 'Roles',
      type: 'string',
      description: 'What it is for, by its labels.',
      priority: 0,
      cell: formatRoles,
    },
    ageColumn,
    {
      name: 'Version',
      type: 'string',
      description: 'Version of its agent.',
      priority: 0,
      cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
    },
    {
      name: 'Internal-IP',
      type: 'string',
      description: 'Address inside the cluster.',
      priority: 1,
      cell: (node) => addressOf(node, 'InternalIP'),
    },
    {
      name: 'External-IP',
      type: 'string',
      description: 'Address outside the cluster.',
      priority: 1,
      cell: (node) => addressOf(node, 'ExternalIP'),
    },
    {
      name: 'OS-Image',
      type: 'string',
      description: 'Its operating system.',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.osImage || '<unknown>',
    },
    {
      name: 'Kernel-Version',
      type: 'string',
      description: 'Version of its kernel.',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>',
    },
    {
      name: 'Container-Runtime',
      type: 'string',
      description: 'What runs its containers, and in which version.',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    },
  ],
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec.unschedulable === true) }),
  selectableFieldNames: ['spec.unschedulable'],
}

/** `podCIDR` is the first of `podCIDRs`; what can be allotted is, until someone says less, all there is. */
function setDefaults(node: Node): void {
  const spec = (node.spec ??= {})
  if (spec.podCIDR) spec.podCIDRs ??= [spec.podCIDR]
  const [first] = spec.podCIDRs ?? []
  if (first !== undefined) spec.podCIDR ??= first
  const { capacity, allocatable } = (node.status ??= {})
  if (capacity !== undefined && allocatable === undefined) node.status.allocatable = { ...capacity }
}

const roleLabelPrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

function formatStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec.unschedulable === true ? `${state},SchedulingDisabled` : state
}

function formatRoles({ metadata }: Node): string {
  const labels = Object.entries(metadata.labels ?? {})
  const roles = labels.map(([key, value]) => {
    if (key.startsWith(roleLabelPrefix)) return key.slice(roleLabelPrefix.length)
    return key === roleLabel ? value : ''
  })
  return [...new Set(roles)].filter((role) => role !== '').sort().join(',') || '<none>'
}

function addressOf({ status }: Node, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? '<none>'
}

/** Upstream names the taints as if they were in the metadata. */
function validateTaints(taints: readonly Unchecked<Taint>[]): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, index) => {
    const { key = '', value = '', effect = '' } = taint
    const path = `metadata.taints[${index}]`
    const identity = `${effect}/${key}`
    const twice = { ...duplicate(path, taint), detail: 'taints must be unique by key and effect pair' }
    const isTwice = seen.has(identity)
    seen.add(identity)
    return [...validateTaint({ key, value, effect }, path), ...(isTwice ? [twice] : [])]
  })
}

function validateTaint({ key, value = '', effect }: Taint, path: string): FieldError[] {
  const problems = isLabelValue(value)
  return [
    ...validateQualifiedName(key, `${path}.key`),
    ...(problems.length === 0 ? [] : [invalid(`${path}.value`, value, problems.join(';'))]),
    ...(effect === '' ? [required(`${path}.effect`)] : validateTaintEffect(effect, `${path}.effect`)),
  ]
}

function validateResources({ status }: Node): FieldError[] {
  return [
    ...validateQuantities(status?.capacity ?? {}, 'status.capacity'),
    ...validateQuantities(status?.allocatable ?? {}, 'status.allocatable'),
  ]
}

function validatePodCIDRs(ranges: readonly string[]): FieldError[] {
  const path = 'spec.podCIDRs'
  const errors = ranges.flatMap((range, index) => validateCIDR(range, `${path}[${index}]`))
  if (ranges.length < 2) return errors
  const families = new Set(ranges.map((range) => familyOf(range.split('/')[0] ?? '')))
  const isDualStack = ranges.length === 2 && families.size === 2
  const problem = 'may specify no more than one CIDR for each IP family'
  return [
    ...errors,
    ...(isDualStack ? [] : [invalid(path, ranges, problem)]),
    ...repeated(ranges).map(({ value, index }) => duplicate(`${path}[${index}]`, value)),
  ]
}

function validateAddresses({ status }: Node): FieldError[] {
  const addresses = status?.addresses ?? []
  const keys = addresses.map(({ type, address }) => `${type}/${address}`)
  return repeated(keys).map(({ index }) => duplicate(`status.addresses[${index}]`, addresses[index]))
}

function validateNodeUpdate({ spec }: Node, previous: Node): FieldError[] {
  const { podCIDRs: before = [], providerID: provider = '' } = previous.spec
  const isRangeKept = before.length === 0 || before.join() === (spec.podCIDRs ?? []).join()
  const isProviderKept = provider === '' || provider === spec.providerID
  const unless = 'except from "" to valid'
  return [
    ...(isRangeKept ? [] : [forbidden('spec.podCIDRs', `node updates may not change podCIDR ${unless}`)]),
    ...(isProviderKept ? [] : [forbidden('spec.providerID', `node updates may not change providerID ${unless}`)]),
  ]
}
