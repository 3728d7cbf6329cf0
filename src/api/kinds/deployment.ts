import type { V1DeploymentCondition, V1DeploymentSpec, V1DeploymentStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { warningsForWorkload } from './pod-spec/warnings.ts'
import { validateImmutable, validateNonNegative } from './values.ts'
import { containersColumn, imagesColumn, selectorColumn } from './workload-spec/columns.ts'
import {
  isZero,
  validateAtMostAll,
  validateCollisionCount,
  validateCountOrShare,
  validateCounts,
  validateParts,
} from './workload-spec/counts.ts'
import { validateSelectorAndTemplate } from './workload-spec/replicated.ts'
import { selectorText } from './workload-spec/selector.ts'
import { setTemplateDefaults } from './workload-spec/template.ts'

export interface Deployment extends KubeObject {
  spec: DeploymentSpec
  status?: DeploymentStatus
}

export type DeploymentSpec = Wire<V1DeploymentSpec>
export type DeploymentStatus = Wire<V1DeploymentStatus>
export type DeploymentCondition = Wire<V1DeploymentCondition>

export const Deployments: Resource<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  namespaced: true,
  shortNames: ['deploy'],
  categories: ['all'],
}

export const deploymentKind: Kind<Deployment> = {
  resource: Deployments,
  schema: 'V1Deployment',
  nameRule: 'dns-subdomain',
  hasStatus: true,

  setDefaults,
  prepareCreate(deployment) {
    startGeneration(deployment)
    deployment.status = {}
  },
  /** Annotations count as part of what is desired: they are copied to the ReplicaSets. */
  prepareUpdate(next, previous) {
    setDefaults(next)
    next.status = structuredClone(previous.status) ?? {}
    const isSame =
      semanticallyEqual(next.spec, previous.spec) &&
      semanticallyEqual(next.metadata.annotations, previous.metadata.annotations)
    stepGeneration(next, previous, !isSame)
  },

  validate: ({ spec }) => validateSpec(spec),
  validateUpdate: (next, previous) => validateImmutable(next.spec.selector, previous.spec.selector, 'spec.selector'),
  validateStatus: ({ status = {} }, previous) => validateStatus(status, previous.status ?? {}),
  warnings: warningsForWorkload,

  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Pods that are ready, of those that there should be.',
      priority: 0,
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    {
      name: 'Up-to-date',
      type: 'string',
      description: 'How many are of the newest template.',
      priority: 0,
      cell: ({ status }) => status?.updatedReplicas ?? 0,
    },
    {
      name: 'Available',
      type: 'string',
      description: 'How many have been ready for long enough.',
      priority: 0,
      cell: ({ status }) => status?.availableReplicas ?? 0,
    },
    ageColumn,
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],

  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(deployment, replicas) {
      stepGeneration(deployment, deployment, deployment.spec.replicas !== replicas)
      deployment.spec.replicas = replicas
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
}

const defaultShare = '25%'

function setDefaults(deployment: Deployment): void {
  const spec: Unchecked<DeploymentSpec> = (deployment.spec ??= {} as DeploymentSpec)
  spec.replicas ??= 1
  setTemplateDefaults(spec)
  const strategy = (spec.strategy ??= {})
  if ((strategy.type ?? '') === '') strategy.type = 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= defaultShare
    strategy.rollingUpdate.maxSurge ??= defaultShare
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  deployment.status ??= {}
}

function validateSpec(spec: Unchecked<DeploymentSpec>): FieldError[] {
  const { minReadySeconds, progressDeadlineSeconds: deadline } = spec
  const path = 'spec.progressDeadlineSeconds'
  const tooSoon = 'must be greater than minReadySeconds'
  return [
    ...validateNonNegative(spec.replicas, 'spec.replicas'),
    ...validateSelectorAndTemplate(spec),
    ...validateStrategy(spec.strategy ?? {}),
    ...validateNonNegative(minReadySeconds, 'spec.minReadySeconds'),
    ...validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateNonNegative(deadline, path),
    ...(deadline === undefined || deadline > (minReadySeconds ?? 0) ? [] : [invalid(path, deadline, tooSoon)]),
  ]
}

type Strategy = NonNullable<Unchecked<DeploymentSpec>['strategy']>

function validateStrategy(strategy: Strategy): FieldError[] {
  const { type, rollingUpdate } = strategy
  const path = 'spec.strategy.rollingUpdate'
  const misplaced = "may not be specified when strategy `type` is 'Recreate'"
  switch (type) {
    case 'Recreate':
      return rollingUpdate === undefined ? [] : [forbidden(path, misplaced)]
    case 'RollingUpdate':
      return rollingUpdate === undefined ? [required(path)] : validateRollingUpdate(rollingUpdate, path)
    default:
      return [notSupported('spec.strategy', strategy, ['Recreate', 'RollingUpdate'])]
  }
}

function validateRollingUpdate(update: NonNullable<Strategy['rollingUpdate']>, path: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update
  const unavailablePath = `${path}.maxUnavailable`
  const isStuck = isZero(maxUnavailable) && isZero(maxSurge)
  return [
    ...validateCountOrShare(maxUnavailable, unavailablePath),
    ...validateCountOrShare(maxSurge, `${path}.maxSurge`),
    ...(isStuck ? [invalid(unavailablePath, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...validateAtMostAll(maxUnavailable, unavailablePath),
  ]
}

const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const
const others = ['unavailableReplicas', 'terminatingReplicas', 'collisionCount'] as const
const counts = ['observedGeneration', 'replicas', ...parts, ...others] as const

function validateStatus(status: DeploymentStatus, previous: DeploymentStatus): FieldError[] {
  const { replicas = 0, readyReplicas = 0, collisionCount } = status
  return [
    ...validateCounts(status, counts),
    ...validateParts(status, parts, { name: 'status.replicas', count: replicas }),
    ...validateParts(status, ['availableReplicas'], { name: 'readyReplicas', count: readyReplicas }),
    ...validateCollisionCount(collisionCount, previous.collisionCount),
  ]
}
