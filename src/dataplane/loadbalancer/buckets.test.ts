import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignBuckets, bucketCount } from './buckets.ts'

const nodes = (count: number) => Array.from({ length: count }, (_, index) => `0xc0a8${(0x6300 + 11 + index).toString(16)}`)
const someNodes = fc.uniqueArray(fc.stringMatching(/^0x[0-9a-f]{8}$/), { minLength: 1, maxLength: 20 })

function sharesOf(owners: readonly string[]): number[] {
  return [...Map.groupBy(owners, (owner) => owner).values()].map((owned) => owned.length)
}

describe('buckets', () => {
  test('are nobody’s without nodes', () => {
    expect(assignBuckets([])).toEqual([])
  })

  test('are shared evenly, whatever the nodes are and in whatever order they come', () => {
    fc.assert(
      fc.property(someNodes, (some) => {
        const owners = assignBuckets(some)
        expect(owners).toHaveLength(bucketCount)
        expect(new Set(owners)).toEqual(new Set(some))
        expect(Math.max(...sharesOf(owners)) - Math.min(...sharesOf(owners))).toBeLessThanOrEqual(1)
        expect(assignBuckets(some.toReversed())).toEqual(owners)
      }),
    )
  })

  test.for([1, 2, 3, 5, 10])('of %d nodes change hands little when another comes', (count) => {
    const [before, after] = [assignBuckets(nodes(count)), assignBuckets(nodes(count + 1))]
    const moved = before.filter((owner, bucket) => after[bucket] !== owner).length
    const share = Math.ceil(bucketCount / (count + 1))
    expect(moved).toBeLessThan(share + bucketCount / 5)
  })

  test('are all owned even by more nodes than there are buckets', () => {
    const owners = assignBuckets(nodes(200))
    expect(owners).toHaveLength(bucketCount)
    expect(new Set(owners).size).toBe(bucketCount)
  })
})
