import type { Deployment } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { templateText } from './template.ts'

/** A Deployment and the ReplicaSets that are its own. */
export interface Rollout {
  readonly deployment: Deployment
  /** The one with the Deployment's present template. */
  readonly newSet: ReplicaSet | undefined
  /** All others, the oldest first. */
  readonly oldSets: readonly ReplicaSet[]
}

/** Of several ReplicaSets with the present template the oldest counts. */
export function rolloutOf(deployment: Deployment, sets: readonly ReplicaSet[]): Rollout {
  const wanted = templateText(deployment.spec.template)
  const oldestFirst = sets.toSorted(byAge)
  const newSet = oldestFirst.find(({ spec }) => templateText(spec.template) === wanted)
  return { deployment, newSet, oldSets: oldestFirst.filter((set) => set !== newSet) }
}

export function allSets({ newSet, oldSets }: Rollout): readonly ReplicaSet[] {
  return newSet === undefined ? oldSets : [...oldSets, newSet]
}

/** The same with ReplicaSets as they are after writes. */
export function withSets(rollout: Rollout, written: readonly ReplicaSet[]): Rollout {
  const byUid = new Map(written.map((set) => [set.metadata.uid, set]))
  const after = (set: ReplicaSet) => byUid.get(set.metadata.uid) ?? set
  const { deployment, newSet, oldSets } = rollout
  return { deployment, newSet: newSet === undefined ? undefined : after(newSet), oldSets: oldSets.map(after) }
}

/** The older first. */
export function byAge({ metadata: a }: ReplicaSet, { metadata: b }: ReplicaSet): number {
  return Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp) || (a.name < b.name ? -1 : 1)
}

export function desiredReplicas({ spec }: Deployment): number {
  return spec.replicas ?? 1
}

export function replicasOf({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1
}

export function isActive(set: ReplicaSet): boolean {
  return replicasOf(set) > 0
}

/** Whether its status is about its present spec. */
export function isObserved({ metadata, status }: ReplicaSet): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
}

/** Pods that are there or are about to be. Only what `isObserved` says so truly. */
export function occupiedBy(set: ReplicaSet): number {
  return Math.max(replicasOf(set), set.status?.replicas ?? 0)
}

/** Available pods that will be left when the set has so many replicas: the others are deleted first. */
export function availableIn(set: ReplicaSet, replicas = replicasOf(set)): number {
  return Math.min(replicas, set.status?.availableReplicas ?? 0)
}

export function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0)
}
