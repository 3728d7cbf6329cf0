import type { V1ReplicaSetCondition, V1ReplicaSetSpec, V1ReplicaSetStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import type { FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { warningsForWorkload } from './pod-spec/warnings.ts'
import { validateImmutable, validateNonNegative } from './values.ts'
import { containersColumn, imagesColumn, selectorColumn } from './workload-spec/columns.ts'
import { validateCounts, validateParts } from './workload-spec/counts.ts'
import { validateSelectorAndTemplate } from './workload-spec/replicated.ts'
import { selectorText } from './workload-spec/selector.ts'
import { setTemplateDefaults } from './workload-spec/template.ts'

export interface ReplicaSet extends KubeObject {
  spec: ReplicaSetSpec
  status?: ReplicaSetStatus
}

/** The schema lets the template be left out; defaults put an empty one in its place. */
export type ReplicaSetSpec = Wire<V1ReplicaSetSpec> & Pick<Required<Wire<V1ReplicaSetSpec>>, 'template'>
export type ReplicaSetStatus = Wire<V1ReplicaSetStatus>
export type ReplicaSetCondition = Wire<V1ReplicaSetCondition>

export const ReplicaSets: Resource<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  namespaced: true,
  shortNames: ['rs'],
  categories: ['all'],
}

export const replicaSetKind: Kind<ReplicaSet> = {
  resource: ReplicaSets,
  schema: 'V1ReplicaSet',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(set) {
    startGeneration(set)
    set.status = { replicas: 0 }
  },
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? { replicas: 0 }
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: ({ spec }) => validateSpec(spec),
  validateUpdate: (next, previous) => validateImmutable(next.spec.selector, previous.spec.selector, 'spec.selector'),
  validateStatus: ({ status }) => validateStatus(status ?? { replicas: 0 }),
  warnings: warningsForWorkload,

  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'How many pods there should be.',
      priority: 0,
      cell: ({ spec }) => spec.replicas ?? 0,
    },
    {
      name: 'Current',
      type: 'integer',
      description: 'How many there are.',
      priority: 0,
      cell: ({ status }) => status?.replicas ?? 0,
    },
    {
      name: 'Ready',
      type: 'integer',
      description: 'How many of them are ready.',
      priority: 0,
      cell: ({ status }) => status?.readyReplicas ?? 0,
    },
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  selectableFieldNames: ['status.replicas'],

  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(set, replicas) {
      stepGeneration(set, set, set.spec.replicas !== replicas)
      set.spec.replicas = replicas
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
}

function setDefaults(set: ReplicaSet): void {
  const spec: Unchecked<ReplicaSetSpec> = (set.spec ??= {} as ReplicaSetSpec)
  spec.replicas ??= 1
  setTemplateDefaults(spec)
  set.status ??= { replicas: 0 }
}

function validateSpec(spec: Unchecked<ReplicaSetSpec>): FieldError[] {
  return [
    ...validateNonNegative(spec.replicas, 'spec.replicas'),
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateSelectorAndTemplate(spec),
  ]
}

const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
const counts = ['replicas', ...parts, 'observedGeneration', 'terminatingReplicas'] as const

function validateStatus(status: ReplicaSetStatus): FieldError[] {
  const { replicas = 0, readyReplicas = 0 } = status
  return [
    ...validateCounts(status, counts),
    ...validateParts(status, parts, { name: 'status.replicas', count: replicas }),
    ...validateParts(status, ['availableReplicas'], { name: 'readyReplicas', count: readyReplicas }),
  ]
}
