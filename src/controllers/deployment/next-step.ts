import { allSets, isObserved, type Rollout } from './rollout.ts'
import { recreateStep } from './recreate.ts'
import { rollingUpdateStep } from './rolling-update.ts'
import { isScaling, scalingStep } from './scaling.ts'
import { noStep, type Step } from './step.ts'

/** What a Deployment is at: only while it `rolls` it goes on to its present template, and progress is judged. */
export type Phase = 'deleted' | 'paused' | 'scales' | 'rolls'

export function phaseOf(rollout: Rollout): Phase {
  const { metadata, spec } = rollout.deployment
  if (metadata.deletionTimestamp !== undefined) return 'deleted'
  if (spec.paused === true) return 'paused'
  return isScaling(rollout) ? 'scales' : 'rolls'
}

/**
 * What to do next to bring a Deployment to its template and its replicas. Pure. A rolling Deployment waits for its
 * ReplicaSets to have taken in what was asked of them before: only then their counts tell what may be done.
 */
export function nextStep(rollout: Rollout, isRunningOld: boolean): Step {
  const { strategy } = rollout.deployment.spec
  const recreates = strategy?.type === 'Recreate'
  if (!recreates && !allSets(rollout).every(isObserved)) return noStep
  const phase = phaseOf(rollout)
  switch (phase) {
    case 'deleted':
      return noStep
    case 'paused':
    case 'scales':
      return scalingStep(rollout)
    case 'rolls':
      return recreates ? recreateStep(rollout, isRunningOld) : rollingUpdateStep(rollout)
    default:
      return phase satisfies never
  }
}
