import { desiredReplicas, isActive, isObserved, sum, type Rollout } from './rollout.ts'
import { noStep, type Step } from './step.ts'

/**
 * The next step of a Deployment that replaces all pods at once: new ones are made when no old one runs any more.
 * `isRunningOld` tells whether pods of old ReplicaSets are there that have not ended, those on their way out included.
 */
export function recreateStep({ deployment, newSet, oldSets }: Rollout, isRunningOld: boolean): Step {
  const active = oldSets.filter(isActive)
  if (active.length > 0) return { resize: active.map((set) => ({ set, replicas: 0 })) }
  const mayHavePods = !oldSets.every(isObserved) || sum(oldSets, ({ status }) => status?.replicas ?? 0) > 0
  if (mayHavePods || isRunningOld) return noStep
  const replicas = desiredReplicas(deployment)
  if (newSet === undefined) return { create: replicas, resize: [] }
  return newSet.spec.replicas === replicas ? noStep : { resize: [{ set: newSet, replicas }] }
}
