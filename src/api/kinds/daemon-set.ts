import type { V1DaemonSetCondition, V1DaemonSetSpec, V1DaemonSetStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { invalid, notSupported, required, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { formatLabels } from '../selectors.ts'
import type { Unchecked } from '../unchecked.ts'
import { validatePodTemplate } from './pod-spec/template.ts'
import { warningsForTemplate } from './pod-spec/warnings.ts'
import { validateImmutable, validateNonNegative } from './values.ts'
import { containersColumn, imagesColumn, selectorColumn } from './workload-spec/columns.ts'
import {
  isZero,
  validateAtMostAll,
  validateCollisionCount,
  validateCountOrShare,
  validateCounts,
} from './workload-spec/counts.ts'
import { compiledSelector, validateGivenSelector } from './workload-spec/selector.ts'
import { setTemplateDefaults, validateKeptRunning, validateTemplateLabels } from './workload-spec/template.ts'

export interface DaemonSet extends KubeObject {
  spec: DaemonSetSpec
  status?: DaemonSetStatus
}

export type DaemonSetSpec = Wire<V1DaemonSetSpec>
export type DaemonSetStatus = Wire<V1DaemonSetStatus>
export type DaemonSetCondition = Wire<V1DaemonSetCondition>

export const DaemonSets: Resource<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  namespaced: true,
  shortNames: ['ds'],
  categories: ['all'],
}

/** Counts the changes of the template; once a field, kept as an annotation by the server. */
export const templateGeneration = 'deprecated.daemonset.template.generation'

export const daemonSetKind: Kind<DaemonSet> = {
  resource: DaemonSets,
  schema: 'V1DaemonSet',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(set) {
    startGeneration(set)
    setTemplateGeneration(set, Math.max(1, templateGenerationOf(set)))
    set.status = emptyStatus()
  },
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? emptyStatus()
    const isSameTemplate = semanticallyEqual(next.spec.template, previous.spec.template)
    setTemplateGeneration(next, templateGenerationOf(previous) + (isSameTemplate ? 0 : 1))
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: ({ spec }) => validateSpec(spec),
  validateUpdate: (next, previous) => validateImmutable(next.spec.selector, previous.spec.selector, 'spec.selector'),
  validateStatus: (next, previous) => validateStatus(next.status ?? emptyStatus(), previous.status),
  warnings: warningsForTemplate,

  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'How many nodes should run the pod.',
      priority: 0,
      cell: ({ status }) => status?.desiredNumberScheduled ?? 0,
    },
    {
      name: 'Current',
      type: 'integer',
      description: 'How many of them do.',
      priority: 0,
      cell: ({ status }) => status?.currentNumberScheduled ?? 0,
    },
    {
      name: 'Ready',
      type: 'integer',
      description: 'On how many it is ready.',
      priority: 0,
      cell: ({ status }) => status?.numberReady ?? 0,
    },
    {
      name: 'Up-to-date',
      type: 'integer',
      description: 'On how many it is of the newest template.',
      priority: 0,
      cell: ({ status }) => status?.updatedNumberScheduled ?? 0,
    },
    {
      name: 'Available',
      type: 'integer',
      description: 'On how many it has been ready for long enough.',
      priority: 0,
      cell: ({ status }) => status?.numberAvailable ?? 0,
    },
    {
      name: 'Node Selector',
      type: 'string',
      description: 'Labels of the nodes that should run it.',
      priority: 0,
      cell: ({ spec }) => formatLabels(spec.template.spec?.nodeSelector),
    },
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
}

function emptyStatus(): DaemonSetStatus {
  return { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }
}

function setDefaults(set: DaemonSet): void {
  const spec: Unchecked<DaemonSetSpec> = (set.spec ??= {} as DaemonSetSpec)
  setTemplateDefaults(spec)
  const strategy = (spec.updateStrategy ??= {})
  if ((strategy.type ?? '') === '') strategy.type = 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= 10
  set.status ??= emptyStatus()
}

function templateGenerationOf({ metadata }: DaemonSet): number {
  const text = metadata.annotations?.[templateGeneration] ?? ''
  return /^\d+$/.test(text) ? Number(text) : 0
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) }
}

function validateSpec(spec: Unchecked<DaemonSetSpec>): FieldError[] {
  const { selector, template = {} } = spec
  const compiled = compiledSelector(selector)
  return [
    ...(selector === undefined ? [] : validateGivenSelector(selector, 'daemonset')),
    ...(compiled === undefined ? [] : validateTemplateLabels(template, compiled)),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateKeptRunning(template, 'DaemonSet'),
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ]
}

type Strategy = NonNullable<Unchecked<DaemonSetSpec>['updateStrategy']>

function validateStrategy(strategy: Strategy, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy
  switch (type) {
    case 'OnDelete':
      return []
    case 'RollingUpdate':
      return rollingUpdate === undefined
        ? [required(`${path}.rollingUpdate`)]
        : validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`)
    default:
      return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])]
  }
}

function validateRollingUpdate(update: NonNullable<Strategy['rollingUpdate']>, path: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update
  const limits = [
    [maxUnavailable, `${path}.maxUnavailable`],
    [maxSurge, `${path}.maxSurge`],
  ] as const
  return [
    ...limits.flatMap(([value, limitPath]) => validateCountOrShare(value, limitPath)),
    ...limits.flatMap(([value, limitPath]) => validateAtMostAll(value, limitPath)),
    ...validateOneOfThem(update, path),
  ]
}

/** A node either goes without the pod for a while, or runs two. */
function validateOneOfThem(update: NonNullable<Strategy['rollingUpdate']>, path: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update
  const hasSurge = !isZero(maxSurge)
  if (isZero(maxUnavailable)) {
    return hasSurge ? [] : [required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')]
  }
  return hasSurge ? [invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')] : []
}

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const

function validateStatus(status: DaemonSetStatus, previous: DaemonSetStatus | undefined): FieldError[] {
  return [
    ...validateCounts(status, counts),
    ...validateCollisionCount(status.collisionCount, previous?.collisionCount),
  ]
}
