import type { V1StatefulSetCondition, V1StatefulSetSpec, V1StatefulSetStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { setStatefulSetDefaults } from './stateful-set-spec/defaults.ts'
import { validateStatefulSetStatus } from './stateful-set-spec/status.ts'
import { validateStatefulSetSpec, validateStatefulSetUpdate } from './stateful-set-spec/validate.ts'
import { warningsForStatefulSet } from './stateful-set-spec/warnings.ts'
import { containersColumn, imagesColumn } from './workload-spec/columns.ts'
import { selectorText } from './workload-spec/selector.ts'

export interface StatefulSet extends KubeObject {
  spec: StatefulSetSpec
  status?: StatefulSetStatus
}

export type StatefulSetSpec = Wire<V1StatefulSetSpec>
export type StatefulSetStatus = Wire<V1StatefulSetStatus>
export type StatefulSetCondition = Wire<V1StatefulSetCondition>

export const StatefulSets: Resource<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  namespaced: true,
  shortNames: ['sts'],
  categories: ['all'],
}

export const statefulSetKind: Kind<StatefulSet> = {
  resource: StatefulSets,
  schema: 'V1StatefulSet',
  // Pods have the set's name and a number, and that as their host name.
  nameRule: 'dns-label',
  hasStatus: true,

  setDefaults: setStatefulSetDefaults,
  prepareCreate(set) {
    startGeneration(set)
    set.status = { replicas: 0 }
  },
  prepareUpdate(next, previous) {
    setStatefulSetDefaults(next)
    next.status = structuredClone(previous.status) ?? { replicas: 0 }
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: ({ spec }) => validateStatefulSetSpec(spec),
  validateUpdate: (next, previous) => validateStatefulSetUpdate(next.spec, previous.spec),
  validateStatus: (next, previous) => validateStatefulSetStatus(next.status ?? { replicas: 0 }, previous.status),
  warnings: warningsForStatefulSet,

  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Pods that are ready, of those that there should be.',
      priority: 0,
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    ageColumn,
    containersColumn,
    imagesColumn,
  ],

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
