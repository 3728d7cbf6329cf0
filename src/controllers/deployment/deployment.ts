import { semanticallyEqual } from '../../api/equality.ts'
import { Deployments, type Deployment, type DeploymentStatus } from '../../api/kinds/deployment.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { ReplicaSets, type ReplicaSet } from '../../api/kinds/replica-set.ts'
import { controllerOf, keyOf, objectKey, type ObjectKey } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller, type Outcome } from '../../client/controller.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { isNamespaceTerminating } from '../namespace-terminating.ts'
import { PendingWrites } from '../pending-writes.ts'
import { isTerminal } from '../pod-status.ts'
import { revisionAnnotation } from './annotations.ts'
import { setsToForget } from './history.ts'
import { nextStep, phaseOf } from './next-step.ts'
import { isComplete, standstillInMs, type FailedCreation } from './progress.ts'
import { ReplicaSetControl } from './replica-set-control.ts'
import { rolloutOf, type Rollout } from './rollout.ts'
import { deploymentStatus, type Turn } from './status.ts'

export interface DeploymentDeps {
  readonly client: Client
  readonly deployments: Cache<Deployment>
  readonly replicaSets: Cache<ReplicaSet>
  readonly pods: Cache<Pod>
  readonly events: EventRecorder
  readonly clock: Clock
}

/** While own writes are not seen yet; a change of the cache comes first unless one was lost. */
const lookAgainMs = 1_000

/**
 * Rolls Deployments out by ReplicaSets, one for each template. It acts only while the caches show all of its earlier
 * writes, and writes only over the versions that it has judged by, so it makes nothing twice and goes by no outdated
 * size. Each turn takes one step; the change that it makes brings the next.
 */
export function deploymentController(deps: DeploymentDeps): Controller {
  const { client, deployments, replicaSets, pods, events, clock } = deps
  const sets = new PendingWrites({ cache: replicaSets, client, resource: ReplicaSets, clock })
  const statuses = new PendingWrites({ cache: deployments, client, resource: Deployments, clock })
  const concernedBy = concernedOwners(Deployments, deployments)
  const control = new ReplicaSetControl({ client, events, writes: sets })

  async function reconcile(key: ObjectKey, signal: AbortSignal): Promise<Outcome | void> {
    const deployment = deployments.get(key)
    if (deployment === undefined) {
      sets.forget(key)
      statuses.forget(key)
      return
    }
    if (!(await settled(deployment, signal))) return { againInMs: lookAgainMs }
    const owned = await control.claim(deployment, replicaSets.list(deployment.metadata.namespace), signal)
    // What was adopted or released has a version now that the cache does not show.
    if (!(await settled(deployment, signal))) return { againInMs: lookAgainMs }
    return goOn(rolloutOf(deployment, owned), signal)
  }

  async function settled(deployment: Deployment, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(deployment)
    const belongs = (set: ReplicaSet) => controllerOf(set)?.uid === deployment.metadata.uid
    const seen = await statuses.settled(key, { belongs: () => false, signal })
    return (await sets.settled(key, { belongs, signal })) && seen
  }

  async function goOn(before: Rollout, signal: AbortSignal): Promise<Outcome | void> {
    const phase = phaseOf(before)
    const step = nextStep(before, isRunningOld(before))
    const rollout = await control.bring(before, step.resize, signal)
    if (step.create === undefined) return conclude({ rollout, phase }, signal)
    const creation = await control.create(rollout, step.create, signal)
    switch (creation.outcome) {
      case 'created':
        return conclude({ rollout: { ...rollout, newSet: creation.set }, phase, creation }, signal)
      case 'failed':
        return fail({ rollout, phase, creation }, signal)
      case 'collision':
        return writeStatus(rollout, withCollision(rollout.deployment), signal)
      case 'found':
        return { againInMs: lookAgainMs }
      default:
        return creation satisfies never
    }
  }

  async function fail(turn: Turn & { readonly creation: FailedCreation }, signal: AbortSignal) {
    const { rollout, creation } = turn
    // Nothing can be made in it any more, and all that is in it goes away.
    if (isNamespaceTerminating(creation.error)) return
    control.failed(rollout.deployment, creation)
    await conclude(turn, signal)
    throw creation.error
  }

  async function conclude(turn: Turn, signal: AbortSignal): Promise<Outcome | void> {
    const { rollout, phase } = turn
    const { deployment } = rollout
    const now = clock.now()
    const status = deploymentStatus({ ...turn, now })
    const isDone = phase === 'rolls' && isComplete(deployment, status)
    if (isDone || phase === 'paused') await control.forget(deployment, setsToForget(rollout), signal)
    await writeStatus(rollout, status, signal)
    const leftMs = standstillInMs(deployment, status.conditions ?? [], now)
    if (phase === 'rolls' && !isDone && leftMs !== undefined) return { againInMs: Math.max(leftMs, 0) + 1 }
  }

  async function writeStatus({ deployment, newSet }: Rollout, status: DeploymentStatus, signal: AbortSignal) {
    const revision = newSet?.metadata.annotations?.[revisionAnnotation]
    const present = deployment.metadata.annotations ?? {}
    const annotations = revision === undefined ? present : { ...present, [revisionAnnotation]: revision }
    if (semanticallyEqual(deployment.status, status) && semanticallyEqual(present, annotations)) return
    const next = { ...deployment, metadata: { ...deployment.metadata, annotations }, status }
    await statuses.update(keyOf(deployment), deployment, () => client.updateStatus(Deployments, next, { signal }))
  }

  /** Whether pods of other templates are there that have not ended. */
  function isRunningOld({ deployment, oldSets }: Rollout): boolean {
    if (deployment.spec.strategy?.type !== 'Recreate' || oldSets.length === 0) return false
    const uids = new Set(oldSets.map(({ metadata }) => metadata.uid))
    const isOld = (pod: Pod) => uids.has(controllerOf(pod)?.uid ?? '')
    return pods.list(deployment.metadata.namespace).some((pod) => !isTerminal(pod) && isOld(pod))
  }

  /** Only one that waits for its old pods to end looks at pods itself. */
  function waitingFor(pod: Pod): readonly ObjectKey[] {
    const owner = controllerOf(pod)
    if (owner?.kind !== ReplicaSets.kind) return []
    const set = replicaSets.get(objectKey(pod.metadata.namespace, owner.name))
    const keys = set === undefined ? [] : concernedBy(set)
    return keys.filter((key) => deployments.get(key)?.spec.strategy?.type === 'Recreate')
  }

  return {
    name: 'deployment',
    wakesOn: [
      from(deployments, (deployment) => [keyOf(deployment)]),
      sets.watching(from(replicaSets, concernedBy)),
      from(pods, waitingFor),
    ],
    reconcile,
  }
}

function withCollision({ status = {} }: Deployment): DeploymentStatus {
  return { ...status, collisionCount: (status.collisionCount ?? 0) + 1 }
}
