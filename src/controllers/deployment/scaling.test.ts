import { describe, expect, test } from 'vitest'
import { deployment, replicaSet, rollingUpdate, sizesText } from './fixtures.ts'
import { rolloutOf } from './rollout.ts'
import { isScaling, proportionalSizes, scalingStep } from './scaling.ts'

const marked = (desired: number, max = desired) => ({
  'deployment.kubernetes.io/desired-replicas': String(desired),
  'deployment.kubernetes.io/max-replicas': String(max),
})
/** ReplicaSets of the sizes `v1`, `v2` … as the Deployment had them, the first the oldest. */
const sets = (sizes: readonly number[], max: number) =>
  sizes.map((size, at) => replicaSet(`v${at + 1}`, size, { age: 10 - at, annotations: marked(0, max) }))
const scaled = (replicas: number, surge = 0) =>
  deployment({ replicas, text: 'v9', spec: { strategy: rollingUpdate(surge, 1) } })

// The numbers are those of upstream's TestScale (pkg/controller/deployment/sync_test.go).
describe('replicas are shared out in proportion', () => {
  for (const { name, to, surge = 0, sizes, max, becomes } of [
    { name: '5 → 10', to: 10, sizes: [3, 2], max: 5, becomes: 'v1=6 v2=4' },
    { name: '5 → 3', to: 3, sizes: [3, 2], max: 5, becomes: 'v1=2 v2=1' },
    { name: '9 → 4', to: 4, sizes: [1, 8], max: 9, becomes: 'v2=4 v1=0' },
    { name: '7 → 10', to: 10, sizes: [2, 3, 2], max: 7, becomes: 'v2=4 v3=3 v1=3' },
    { name: '13 → 8', to: 8, sizes: [3, 8, 2], max: 13, becomes: 'v2=5 v1=2 v3=1' },
    { name: 'what is left over goes to the newest of equals: 3 → 4', to: 4, sizes: [1, 1, 1], max: 3, becomes: 'v3=2 v2=1 v1=1' },
    { name: 'and is taken from the oldest: 3 → 2', to: 2, sizes: [1, 1, 1], max: 3, becomes: 'v1=0 v2=1 v3=1' },
    { name: 'with a surplus: 10 → 20', to: 20, surge: 2, sizes: [6, 6], max: 12, becomes: 'v2=11 v1=11' },
    { name: 'when the surplus changes too: 10 → 50', to: 50, surge: 6, sizes: [8, 5], max: 13, becomes: 'v1=34 v2=22' },
    { name: 'when only the surplus changes', to: 10, surge: 5, sizes: [6, 4], max: 10, becomes: 'v1=9 v2=6' },
    { name: 'to none', to: 0, surge: 2, sizes: [3, 2], max: 7, becomes: 'v1=0 v2=0' },
    { name: 'when nothing is missing', to: 5, sizes: [3, 2], max: 5, becomes: 'v1=3 v2=2' },
  ]) {
    test(name, () => {
      expect(sizesText(proportionalSizes(scaled(to, surge), sets(sizes, max)))).toBe(becomes)
    })
  }

  test('of the status where ReplicaSets do not say what there was', () => {
    const before = { ...scaled(10), status: { replicas: 5 } }
    expect(sizesText(proportionalSizes(before, [replicaSet('v1', 3, { age: 1 }), replicaSet('v2', 2)]))).toBe('v1=6 v2=4')
  })

  test('where nothing says what there was all goes to the largest', () => {
    expect(sizesText(proportionalSizes(scaled(10), [replicaSet('v1', 3), replicaSet('v2', 2)]))).toBe('v1=8 v2=2')
  })
})

describe('a change of the replicas', () => {
  test('is what active ReplicaSets were not marked with', () => {
    const rollout = (desired: number, size: number) =>
      rolloutOf(deployment({ replicas: 5 }), [replicaSet('v1', size, { annotations: marked(desired) })])
    expect(isScaling(rollout(3, 3))).toBe(true)
    expect(isScaling(rollout(5, 3))).toBe(false)
    expect(isScaling(rollout(3, 0))).toBe(false)
    expect(isScaling(rolloutOf(deployment({ replicas: 5 }), [replicaSet('v1', 3)]))).toBe(false)
  })

  for (const { name, strategy, sizes, asks } of [
    { name: 'goes to the one that has pods', sizes: { v1: 3, v2: 0 }, asks: 'v1=5' },
    { name: 'goes to the present one where none has', sizes: { v1: 0, v2: 0 }, asks: 'v2=5' },
    { name: 'goes to the latest where there is no present one', sizes: { v0: 0, v1: 0 }, asks: 'v1=5' },
    { name: 'is marked on one that has the size already', sizes: { v2: 5 }, asks: 'v2=5' },
    { name: 'is shared out while a rolling update is under way', sizes: { v1: 2, v2: 2 }, asks: 'v2=4 v1=3' },
    { name: 'waits while all is replaced', strategy: { type: 'Recreate' as const }, sizes: { v1: 2, v2: 2 }, asks: '' },
  ]) {
    test(name, () => {
      const present = Object.entries(sizes).map(([text, size], at) =>
        replicaSet(text, size, { age: 10 - at, annotations: marked(3, 4) }),
      )
      const spec = { strategy: strategy ?? rollingUpdate(2, 0) }
      const { resize } = scalingStep(rolloutOf(deployment({ replicas: 5, text: 'v2', spec }), present))
      expect(sizesText(resize)).toBe(asks)
    })
  }

  test('takes away what is old when all new pods are there', () => {
    const present = [
      replicaSet('v1', 2, { age: 1, annotations: marked(3) }),
      replicaSet('v2', 5, { annotations: marked(5) }),
    ]
    expect(sizesText(scalingStep(rolloutOf(deployment({ replicas: 5, text: 'v2' }), present)).resize)).toBe('v1=0')
  })
})
