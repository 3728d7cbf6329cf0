import { describe, expect, test } from 'vitest'
import type { Deployment, DeploymentStatus } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import { deployment, replicaSet } from './fixtures.ts'
import type { Phase } from './next-step.ts'
import { standstillInMs, type Creation } from './progress.ts'
import { rolloutOf } from './rollout.ts'
import { deploymentStatus } from './status.ts'

const now = new Date('2026-01-01T01:00:00Z')
const ago = (seconds: number) => rfc3339(new Date(now.getTime() - seconds * 1000))

const progressing = (status: string, reason: string, seconds = 60) => ({
  type: 'Progressing',
  status,
  reason,
  message: 'said before',
  lastUpdateTime: ago(seconds),
  lastTransitionTime: ago(3000),
})

function statusOf(
  of: Deployment,
  sets: readonly ReplicaSet[],
  { phase = 'rolls', creation }: { phase?: Phase; creation?: Creation } = {},
): DeploymentStatus {
  const rollout = rolloutOf(of, sets)
  return deploymentStatus({ rollout, phase, now, ...(creation === undefined ? {} : { creation }) })
}

const conditionIn = ({ conditions }: DeploymentStatus, type: string) => conditions?.find((each) => each.type === type)

/** `True ReplicaSetUpdated: ReplicaSet "kubia-v2" is progressing.` */
function said(status: DeploymentStatus, type = 'Progressing'): string {
  const condition = conditionIn(status, type)
  return condition === undefined ? '' : `${condition.status} ${condition.reason}: ${condition.message}`
}

describe('counts', () => {
  test('are those of all ReplicaSets, and of the present one', () => {
    const sets = [
      replicaSet('v1', 2, { age: 1, available: 2, pods: 3, status: { terminatingReplicas: 2 } }),
      replicaSet('v2', 2, { available: 1, status: { terminatingReplicas: 1 } }),
    ]
    const of = deployment({ text: 'v2', meta: { generation: 4 }, status: { collisionCount: 1 } })
    expect(statusOf(of, sets)).toMatchObject({
      observedGeneration: 4,
      replicas: 5,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 1,
      terminatingReplicas: 3,
      collisionCount: 1,
    })
  })

  test('are left out where they are none', () => {
    const { conditions: _, ...counts } = statusOf(deployment(), [])
    expect(counts).toEqual({ observedGeneration: 1, terminatingReplicas: 0 })
  })

  test('of pods on their way out are left out where a ReplicaSet does not tell', () => {
    expect(statusOf(deployment(), [replicaSet('v1', 3)])).not.toHaveProperty('terminatingReplicas')
  })
})

describe('Available', () => {
  for (const { available, says } of [
    { available: 9, says: 'True MinimumReplicasAvailable: Deployment has minimum availability.' },
    { available: 8, says: 'True MinimumReplicasAvailable: Deployment has minimum availability.' },
    { available: 7, says: 'False MinimumReplicasUnavailable: Deployment does not have minimum availability.' },
  ]) {
    test(`with ${available} of 10, of which 2 may be missing`, () => {
      expect(said(statusOf(deployment({ replicas: 10 }), [replicaSet('v1', 10, { available })]), 'Available')).toBe(says)
    })
  }
})

describe('Progressing', () => {
  const complete = [replicaSet('v1', 0, { age: 1 }), replicaSet('v2', 3)]
  const under = [replicaSet('v1', 2, { age: 1 }), replicaSet('v2', 1)]
  const stuck = { replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 3 }
  const created: Creation = { outcome: 'created', set: replicaSet('v2', 1, { pods: 0 }) }
  const failed: Creation = { outcome: 'failed', name: 'kubia-x', error: new Error('exceeded quota') }

  interface Case {
    readonly name: string
    readonly sets?: readonly ReplicaSet[]
    readonly before?: ReturnType<typeof progressing>
    readonly counts?: DeploymentStatus
    readonly spec?: Partial<Deployment['spec']>
    readonly turn?: { phase?: Phase; creation?: Creation }
    readonly says: string
  }

  for (const { name, sets = under, before, counts = {}, spec = {}, turn, says } of [
    {
      name: 'when the ReplicaSet was created',
      counts: stuck,
      turn: { creation: created },
      says: 'True NewReplicaSetCreated: Created new replica set "kubia-v2"',
    },
    {
      name: 'when it could not be',
      turn: { creation: failed },
      says: 'False ReplicaSetCreateError: Failed to create new replica set "kubia-x": exceeded quota',
    },
    { name: 'when it was there', counts: stuck, says: 'True FoundNewReplicaSet: Found new replica set "kubia-v2"' },
    {
      name: 'when new pods have come',
      before: progressing('True', 'NewReplicaSetCreated'),
      counts: { ...stuck, updatedReplicas: 0 },
      says: 'True ReplicaSetUpdated: ReplicaSet "kubia-v2" is progressing.',
    },
    {
      name: 'when old pods have gone and the new ReplicaSet is not there',
      sets: [replicaSet('v1', 0, { pods: 1 })],
      before: progressing('True', 'NewReplicaSetAvailable'),
      counts: { replicas: 3 },
      says: 'True ReplicaSetUpdated: Deployment "kubia" is progressing.',
    },
    {
      name: 'when all is done',
      sets: complete,
      before: progressing('True', 'ReplicaSetUpdated'),
      says: 'True NewReplicaSetAvailable: ReplicaSet "kubia-v2" has successfully progressed.',
    },
    {
      name: 'when it has been at a standstill, but not for too long',
      before: progressing('True', 'ReplicaSetUpdated', 600),
      counts: stuck,
      says: 'True ReplicaSetUpdated: said before',
    },
    {
      name: 'when it has been for too long',
      before: progressing('True', 'ReplicaSetUpdated', 601),
      counts: stuck,
      says: 'False ProgressDeadlineExceeded: ReplicaSet "kubia-v2" has timed out progressing.',
    },
    {
      name: 'when it goes on all the same',
      before: progressing('False', 'ProgressDeadlineExceeded'),
      counts: { ...stuck, updatedReplicas: 0 },
      says: 'True ReplicaSetUpdated: ReplicaSet "kubia-v2" is progressing.',
    },
    {
      name: 'when a pod is lost after all was done',
      sets: [replicaSet('v2', 3, { available: 2 })],
      before: progressing('True', 'NewReplicaSetAvailable', 9999),
      counts: { ...stuck, updatedReplicas: 3 },
      says: 'True NewReplicaSetAvailable: said before',
    },
    {
      name: 'when it is paused',
      before: progressing('True', 'ReplicaSetUpdated'),
      counts: stuck,
      spec: { paused: true },
      turn: { phase: 'paused' },
      says: 'Unknown DeploymentPaused: Deployment is paused',
    },
    {
      name: 'when it is resumed after a long time',
      before: progressing('Unknown', 'DeploymentPaused', 9999),
      counts: stuck,
      says: 'Unknown DeploymentResumed: Deployment is resumed',
    },
    {
      name: 'when it is paused after having been late',
      before: progressing('False', 'ProgressDeadlineExceeded'),
      counts: stuck,
      spec: { paused: true },
      turn: { phase: 'paused' },
      says: 'False ProgressDeadlineExceeded: said before',
    },
    {
      name: 'is not judged while somebody scales',
      sets: complete,
      before: progressing('True', 'ReplicaSetUpdated', 9999),
      turn: { phase: 'scales' },
      says: 'True ReplicaSetUpdated: said before',
    },
    {
      name: 'is not told without a deadline',
      before: progressing('True', 'ReplicaSetUpdated'),
      spec: { progressDeadlineSeconds: 2 ** 31 - 1 },
      says: '',
    },
  ] satisfies Case[] as Case[]) {
    test(name, () => {
      const conditions = before === undefined ? {} : { conditions: [before] }
      expect(said(statusOf(deployment({ text: 'v2', spec, status: { ...counts, ...conditions } }), sets, turn))).toBe(says)
    })
  }

  test('is said anew with each progress, since when it was first', () => {
    const before = progressing('True', 'ReplicaSetUpdated')
    const status = statusOf(deployment({ text: 'v2', status: { conditions: [before] } }), under)
    expect(conditionIn(status, 'Progressing')).toMatchObject({ lastUpdateTime: ago(0), lastTransitionTime: ago(3000) })
  })

  test('comes last when it was said last, as in what kubectl describes', () => {
    const before = [progressing('True', 'NewReplicaSetCreated')]
    const { conditions } = statusOf(deployment({ text: 'v2', status: { conditions: before } }), under)
    expect(conditions?.map(({ type }) => type)).toEqual(['Available', 'Progressing'])
  })
})

describe('a standstill', () => {
  for (const { name, condition, leftMs } of [
    { name: 'is near', condition: progressing('True', 'ReplicaSetUpdated', 590), leftMs: 10_000 },
    { name: 'has been reported', condition: progressing('False', 'ProgressDeadlineExceeded') },
    { name: 'is none when all is done', condition: progressing('True', 'NewReplicaSetAvailable') },
    { name: 'is none while paused', condition: progressing('Unknown', 'DeploymentPaused') },
  ]) {
    test(name, () => {
      expect(standstillInMs(deployment(), [condition], now)).toBe(leftMs)
    })
  }
})

describe('ReplicaFailure', () => {
  const failure = (message: string) => ({
    conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message, lastTransitionTime: ago(9) }],
  })

  test('is that of the new ReplicaSet, or else of an old one, and goes with it', () => {
    const broken = [replicaSet('v1', 2, { age: 1, status: failure('old') }), replicaSet('v2', 1, { status: failure('new') })]
    const before = statusOf(deployment({ text: 'v2' }), broken)
    expect(said(before, 'ReplicaFailure')).toBe('True FailedCreate: new')
    expect(conditionIn(before, 'ReplicaFailure')?.lastUpdateTime).toBe(ago(9))
    expect(said(statusOf(deployment({ text: 'v2' }), broken.slice(0, 1)), 'ReplicaFailure')).toBe('True FailedCreate: old')
    const mended = statusOf(deployment({ text: 'v2', status: before }), [replicaSet('v2', 3)])
    expect(said(mended, 'ReplicaFailure')).toBe('')
  })
})
