import { describe, expect, test } from 'vitest'
import type { Deployment } from '../../api/kinds/deployment.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import { deployment, replicaSet, rollingUpdate, sizesText } from './fixtures.ts'
import { nextStep } from './next-step.ts'
import { rolloutOf } from './rollout.ts'

interface Case {
  readonly name: string
  readonly of?: Deployment
  readonly sets: readonly ReplicaSet[]
  /** `create 2` or sizes, `v1=2`. */
  readonly does: string
  readonly isRunningOld?: boolean
}

/** A Deployment of 10 with the template v2 that may have 3 more and miss 2. */
const ten = deployment({ replicas: 10, text: 'v2', spec: { strategy: rollingUpdate(3, 2) } })
const old = (replicas: number, options: Parameters<typeof replicaSet>[2] = {}) => replicaSet('v1', replicas, { age: 1, ...options })
const fresh = (replicas: number, options: Parameters<typeof replicaSet>[2] = {}) => replicaSet('v2', replicas, options)
const unobserved = { meta: { generation: 2 } }

function check({ name, of = ten, sets, does, isRunningOld = false }: Case): void {
  test(name, () => {
    const { create, resize } = nextStep(rolloutOf(of, sets), isRunningOld)
    expect(create === undefined ? sizesText(resize) : `create ${create}`).toBe(does)
  })
}

describe('a rolling update', () => {
  for (const each of [
    { name: 'starts with all pods where there are none', sets: [], does: 'create 10' },
    { name: 'starts with as many as there is room for', sets: [old(10)], does: 'create 3' },
    { name: 'starts with none where there is no room', sets: [old(13)], does: 'create 0' },
    { name: 'adds new ones when there is room', sets: [old(8), fresh(3)], does: 'v2=5' },
    { name: 'adds no more than are wanted', sets: [old(1), fresh(9)], does: 'v2=10' },
    { name: 'takes new ones that are too many', sets: [fresh(12)], does: 'v2=10' },
    { name: 'takes old ones as far as enough others are available', sets: [old(10), fresh(3)], does: 'v1=5' },
    { name: 'takes none for new ones that are not', sets: [old(10), fresh(3, { available: 0 })], does: 'v1=8' },
    { name: 'waits while the minimum is available', sets: [old(8), fresh(5, { available: 0 })], does: '' },
    { name: 'takes old ones that do not work first', sets: [old(8, { available: 6 }), fresh(5, { available: 4 })], does: 'v1=4' },
    {
      name: 'takes them though too few are available, as they do not count',
      sets: [old(8, { available: 3 }), fresh(5)],
      does: 'v1=3',
    },
    {
      name: 'takes the oldest first',
      sets: [replicaSet('v0', 4, { age: 2 }), old(6), fresh(3)],
      does: 'v0=0 v1=5',
    },
    { name: 'ends with new ones only', sets: [old(2), fresh(10)], does: 'v1=0' },
    { name: 'is at its end', sets: [old(0), fresh(10)], does: '' },
    { name: 'waits for pods that are to be deleted', sets: [old(7, { pods: 10 }), fresh(3, { available: 0 })], does: '' },
    { name: 'does not count them as available', sets: [old(7, { pods: 10, available: 10 }), fresh(6, { available: 1 })], does: '' },
    { name: 'waits for old ReplicaSets to take in their size', sets: [old(8, unobserved), fresh(3)], does: '' },
    { name: 'waits for the new one to', sets: [old(10), fresh(3, unobserved)], does: '' },
    { name: 'waits before it begins', sets: [old(10, unobserved)], does: '' },
    { name: 'of a Deployment that is being deleted does nothing', of: deployment({ meta: { deletionTimestamp: 'now' } }), sets: [], does: '' },
    { name: 'that is paused does not begin', of: { ...ten, spec: { ...ten.spec, paused: true } }, sets: [old(10)], does: 'v1=10' },
  ] satisfies Case[]) check(each)
})

describe('replacing all at once', () => {
  const of = { ...ten, spec: { ...ten.spec, strategy: { type: 'Recreate' as const } } }
  for (const each of [
    { name: 'takes all old ones', sets: [replicaSet('v0', 3, { age: 2 }), old(7)], does: 'v0=0 v1=0' },
    { name: 'waits until they are gone', sets: [old(0, { pods: 7 })], does: '' },
    { name: 'waits until they have ended', sets: [old(0)], isRunningOld: true, does: '' },
    { name: 'waits until their size is taken in', sets: [old(0, unobserved)], does: '' },
    { name: 'makes all new ones', sets: [old(0)], does: 'create 10' },
    { name: 'makes them in a ReplicaSet that is there', sets: [old(0), fresh(0)], does: 'v2=10' },
    { name: 'is at its end', sets: [old(0), fresh(10)], does: '' },
  ] satisfies Omit<Case, 'of'>[]) check({ of, ...each })
})
