import type {
  V1ReplicationControllerCondition,
  V1ReplicationControllerSpec,
  V1ReplicationControllerStatus,
} from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { formatLabels, selectorFromMap } from '../selectors.ts'
import type { Unchecked } from '../unchecked.ts'
import { setPodSpecDefaults } from './pod-spec/defaults.ts'
import { validatePodTemplate } from './pod-spec/template.ts'
import type { PodTemplate } from './pod-spec/types.ts'
import { warningsForWorkload } from './pod-spec/warnings.ts'
import { validateNonNegative } from './values.ts'

export interface ReplicationController extends KubeObject {
  spec: ReplicationControllerSpec
  status?: ReplicationControllerStatus
}

export type ReplicationControllerSpec = Wire<V1ReplicationControllerSpec>
export type ReplicationControllerStatus = Wire<V1ReplicationControllerStatus>
export type ReplicationControllerCondition = Wire<V1ReplicationControllerCondition>

export const ReplicationControllers: Resource<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  namespaced: true,
  shortNames: ['rc'],
  categories: ['all'],
}

export const replicationControllerKind: Kind<ReplicationController> = {
  resource: ReplicationControllers,
  schema: 'V1ReplicationController',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(controller) {
    startGeneration(controller)
    controller.status = { replicas: 0 }
  },
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? { replicas: 0 }
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: ({ spec }) => validateSpec(spec),
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
    {
      name: 'Containers',
      type: 'string',
      description: 'Names of the containers in each pod.',
      priority: 1,
      cell: ({ spec }) => (spec.template?.spec?.containers ?? []).map(({ name }) => name).join(','),
    },
    {
      name: 'Images',
      type: 'string',
      description: 'Their images.',
      priority: 1,
      cell: ({ spec }) => (spec.template?.spec?.containers ?? []).map(({ image = '' }) => image).join(','),
    },
    {
      name: 'Selector',
      type: 'string',
      description: 'Labels of the pods that it looks after.',
      priority: 1,
      cell: ({ spec }) => formatLabels(spec.selector),
    },
  ],
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  selectableFieldNames: ['status.replicas'],

  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(controller, replicas) {
      stepGeneration(controller, controller, controller.spec.replicas !== replicas)
      controller.spec.replicas = replicas
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorFromMap(spec.selector).toString(),
  },
}

/** Without a selector, the labels of the template are it; without labels, they are the controller's own too. */
function setDefaults(controller: ReplicationController): void {
  const spec: Unchecked<ReplicationControllerSpec> = (controller.spec ??= {})
  spec.replicas ??= 1
  controller.status ??= { replicas: 0 }
  const { template } = spec
  if (template === undefined) return
  template.spec ??= {}
  setPodSpecDefaults(template.spec)
  const { labels } = (template.metadata ??= {})
  if (labels === undefined) return
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
  if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels }
}

function validateSpec(spec: Unchecked<ReplicationControllerSpec>): FieldError[] {
  const { template, selector = {} } = spec
  return [
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...(Object.keys(selector).length === 0 ? [required('spec.selector')] : []),
    ...validateNonNegative(spec.replicas, 'spec.replicas'),
    ...(template === undefined ? [required('spec.template')] : validateTemplate(template, selector)),
  ]
}

function validateTemplate(template: PodTemplate, selector: Readonly<Record<string, string>>): FieldError[] {
  const labels = template.metadata?.labels ?? {}
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec ?? {}
  const mismatch = '`selector` does not match template `labels`'
  const path = 'spec.template.spec'
  return [
    ...(selectorFromMap(selector).matches(labels) ? [] : [invalid('spec.template.metadata.labels', labels, mismatch)]),
    ...validatePodTemplate(template, 'spec.template'),
    ...(restartPolicy === 'Always' ? [] : [notSupported(`${path}.restartPolicy`, restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [
          forbidden(
            `${path}.activeDeadlineSeconds`,
            'activeDeadlineSeconds in ReplicationController is not Supported',
          ),
        ]),
  ]
}

const partialCounts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
const statusCounts = ['replicas', ...partialCounts, 'observedGeneration'] as const

function validateStatus(status: ReplicationControllerStatus): FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const tooMany = 'cannot be greater than status.replicas'
  return [
    ...statusCounts.flatMap((field) => validateNonNegative(status[field], `status.${field}`)),
    ...partialCounts
      .filter((field) => (status[field] ?? 0) > replicas)
      .map((field) => invalid(`status.${field}`, status[field], tooMany)),
    ...(availableReplicas > readyReplicas
      ? [invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas')]
      : []),
  ]
}
