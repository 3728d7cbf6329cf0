import { expect, test } from 'vitest'
import { deployment, rollingUpdate } from './fixtures.ts'
import { rolloutLimits } from './limits.ts'

for (const { replicas, surge, unavailable, limits } of [
  { replicas: 4, surge: '25%', unavailable: '25%', limits: [1, 1] },
  { replicas: 3, surge: '25%', unavailable: '25%', limits: [1, 0] },
  { replicas: 10, surge: '25%', unavailable: '25%', limits: [3, 2] },
  { replicas: 1, surge: '25%', unavailable: '25%', limits: [1, 0] },
  { replicas: 0, surge: '25%', unavailable: '25%', limits: [0, 0] },
  { replicas: 7, surge: '1%', unavailable: '99%', limits: [1, 6] },
  { replicas: 29, surge: '100%', unavailable: '7%', limits: [29, 2] },
  { replicas: 3, surge: 2, unavailable: 1, limits: [2, 1] },
  { replicas: 3, surge: 0, unavailable: 5, limits: [0, 3] },
  // Nothing could ever be replaced.
  { replicas: 3, surge: 0, unavailable: 0, limits: [0, 1] },
  { replicas: 3, surge: '0%', unavailable: '10%', limits: [0, 1] },
] as const) {
  test(`of ${replicas} replicas ${surge} more and ${unavailable} fewer`, () => {
    const { spec } = deployment({ replicas, spec: { strategy: rollingUpdate(surge, unavailable) } })
    const [maxSurge, maxUnavailable] = limits
    expect(rolloutLimits(spec)).toEqual({ maxSurge, maxUnavailable })
  })
}

test('there are none for Recreate', () => {
  expect(rolloutLimits(deployment({ spec: { strategy: { type: 'Recreate' } } }).spec)).toEqual({
    maxSurge: 0,
    maxUnavailable: 0,
  })
})
