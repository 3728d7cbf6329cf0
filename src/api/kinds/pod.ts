import type {
  V1ContainerStatus,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1PodTemplateSpec,
} from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { forbidden, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateMirrorKept } from './mirror-pod.ts'
import { readinessGatesColumn, readyColumn, restartsColumn, statusColumn } from './pod-columns.ts'
import { validatePadding } from './pod-spec/container.ts'
import { setPodDefaults } from './pod-spec/defaults.ts'
import { mergeLabelKeys } from './pod-spec/label-keys.ts'
import { qosClassOf } from './pod-spec/qos.ts'
import type { PodSpec as UncheckedSpec } from './pod-spec/types.ts'
import { validatePodSpecUpdate } from './pod-spec/update.ts'
import { validatePodSpec } from './pod-spec/validate.ts'
import { warningsForPod } from './pod-spec/warnings.ts'
import { validatePodStatus } from './pod-status.ts'

export { applyPodAdmissionDefaults } from './pod-spec/admission.ts'

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: PodStatus
}

export type PodSpec = Wire<V1PodSpec>
export type PodStatus = Wire<V1PodStatus>
export type PodCondition = Wire<V1PodCondition>
export type PodTemplateSpec = Wire<V1PodTemplateSpec>
export type ContainerStatus = Wire<V1ContainerStatus>

export const Pods: Resource<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
}

export const podKind: Kind<Pod> = {
  resource: Pods,
  schema: 'V1Pod',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(pod) {
    setDefaults(pod)
    mergeLabelKeys(pod.spec, pod.metadata.labels ?? {})
    startGeneration(pod)
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec), ...gatedStatus(pod.spec) }
  },
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? {}
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },
  /** A pod that no node has, or that has ended, has nothing to end gracefully. */
  gracePeriodSeconds({ spec, status }, requested) {
    const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed'
    if ((spec.nodeName ?? '') === '' || isOver) return 0
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0
    return seconds < 0 ? 1 : seconds
  },

  validate: validatePod,
  validateUpdate: (next, previous) => [...validateMirrorKept(next, previous), ...validatePodSpecUpdate(next.spec, previous.spec)],
  validateStatus: (next, previous) => [...validateMirrorKept(next, previous), ...validatePodStatus(next, previous)],
  warnings: warningsForPod,

  columns: [
    nameColumn,
    readyColumn,
    statusColumn,
    restartsColumn,
    ageColumn,
    {
      name: 'IP',
      type: 'string',
      description: 'Address of the pod.',
      priority: 1,
      cell: ({ status }) => status?.podIPs?.[0]?.ip || '<none>',
    },
    {
      name: 'Node',
      type: 'string',
      description: 'Node that the pod runs on.',
      priority: 1,
      cell: ({ spec }) => spec.nodeName || '<none>',
    },
    {
      name: 'Nominated Node',
      type: 'string',
      description: 'Node that the pod is to get once others have left it.',
      priority: 1,
      cell: ({ status }) => status?.nominatedNodeName || '<none>',
    },
    readinessGatesColumn,
  ],
  selectableFields: ({ spec, status }) => ({
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': spec.restartPolicy ?? '',
    'spec.schedulerName': spec.schedulerName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec.hostNetwork === true),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIP ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  }),
  selectableFieldNames: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
}

function setDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] }
  setPodDefaults(pod.spec)
}

function gatedStatus({ schedulingGates = [] }: PodSpec): PodStatus {
  if (schedulingGates.length === 0) return {}
  const message = 'Scheduling is blocked due to non-empty scheduling gates'
  return { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message }] }
}

function validatePod({ spec }: Pod): FieldError[] {
  const unchecked: UncheckedSpec = spec
  const { containers = [], initContainers = [], ephemeralContainers = [] } = unchecked
  const isGated = (unchecked.schedulingGates ?? []).length > 0
  const gated = 'cannot be set until all schedulingGates have been cleared'
  return [
    ...validatePodSpec(unchecked, true, 'spec'),
    ...containers.flatMap((container, index) => validatePadding(container, `spec.containers[${index}]`)),
    ...initContainers.flatMap((container, index) => validatePadding(container, `spec.initContainers[${index}]`)),
    ...(ephemeralContainers.length > 0 ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
    ...(isGated && (unchecked.nodeName ?? '') !== '' ? [forbidden('spec.nodeName', gated)] : []),
  ]
}
