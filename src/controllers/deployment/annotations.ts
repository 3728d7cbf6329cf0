import type { Deployment } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { rolloutLimits } from './limits.ts'
import { desiredReplicas, type Rollout } from './rollout.ts'

/** The place of a ReplicaSet's template in the history of its Deployment; on the Deployment, the present one. */
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
/** Earlier revisions of a ReplicaSet that was rolled back to, `1,3`. */
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
/** The Deployment's replicas when the ReplicaSet was last resized: others mean that somebody scales. */
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
/** The same with the surplus that a rollout may have: what proportions are taken of. */
const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

/** Not copied from Deployments to their ReplicaSets; everything else is, such as `kubernetes.io/change-cause`. */
const ownOfEach: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deprecated.deployment.rollback.to',
])

const maxHistoryLength = 2000
const maxCount = 2 ** 31 - 1

type Annotations = Readonly<Record<string, string>>

/** 0 for a ReplicaSet without one, or with what is no number. */
export function revisionOf({ metadata }: ReplicaSet): number {
  return countIn(metadata.annotations, revisionAnnotation) ?? 0
}

/** What the Deployment had for replicas when the ReplicaSet was last resized; undefined if it does not say. */
export function desiredBefore({ metadata }: ReplicaSet): number | undefined {
  return countIn(metadata.annotations, desiredAnnotation)
}

/** The same for replicas and surplus together. */
export function maxBefore({ metadata }: ReplicaSet): number | undefined {
  return countIn(metadata.annotations, maxAnnotation)
}

/** What a ReplicaSet is marked with when it is resized. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const desired = desiredReplicas(deployment)
  const { maxSurge } = rolloutLimits(deployment.spec)
  return { [desiredAnnotation]: String(desired), [maxAnnotation]: String(desired + maxSurge) }
}

/** Those of the ReplicaSet of the present template: it is the latest revision, and says why as the Deployment does. */
export function newSetAnnotations({ deployment, newSet, oldSets }: Rollout): Annotations {
  const present = newSet?.metadata.annotations ?? {}
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownOfEach.has(key))
  const revision = Math.max(0, ...oldSets.map(revisionOf)) + 1
  return { ...present, ...Object.fromEntries(copied), ...revisionAnnotations(present, revision) }
}

/** Revisions only grow: when old ones have been cleaned up, a newer number than needed is kept. */
function revisionAnnotations(present: Annotations, revision: number): Annotations {
  const { [revisionAnnotation]: before } = present
  if (before === undefined || before === '') return { [revisionAnnotation]: String(revision) }
  const beforeCount = countIn(present, revisionAnnotation)
  // Upstream too leaves alone what it cannot read.
  if (beforeCount === undefined || beforeCount >= revision) return {}
  return { [revisionAnnotation]: String(revision), [historyAnnotation]: extended(present[historyAnnotation], before) }
}

/** The history with one revision more; the oldest give way when it becomes too long. */
function extended(history: string | undefined, revision: string): string {
  const revisions = [...(history ?? '').split(',').filter((each) => each !== ''), revision]
  while (revisions.join(',').length > maxHistoryLength) revisions.shift()
  return revisions.join(',')
}

function countIn(annotations: Annotations | undefined, name: string): number | undefined {
  const text = annotations?.[name] ?? ''
  const count = /^\d+$/.test(text) ? Number(text) : maxCount + 1
  return count > maxCount ? undefined : count
}
