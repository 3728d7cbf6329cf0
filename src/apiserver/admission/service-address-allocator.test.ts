import { expect, test } from 'vitest'
import { parseCidr } from '../../base/ip.ts'
import { ServiceAddressAllocator, type AllocationProblem } from './service-address-allocator.ts'

/** The node ports that Services without any wishes draw one after the other, until there are none. */
function drawAll(nodePorts: { first: number; last: number }, random: () => number): number[] {
  const clusterIPs = parseCidr('10.96.0.0/28')
  if (clusterIPs === undefined) throw new Error('not a range')
  const allocator = new ServiceAddressAllocator({ clusterIPs, nodePorts }, random)
  const problems: AllocationProblem[] = []
  const draw = (owner: number) => allocator.claimsFor(`default/${owner}`).nextNodePort('f', problems)
  const drawn: number[] = []
  for (let port = draw(0); port !== undefined; port = draw(drawn.length)) drawn.push(port)
  expect(problems).toEqual([{ field: 'f', value: 0, detail: 'failed to allocate a nodePort: range is full' }])
  return drawn
}

/** Numbers that look random and are the same each time (the generator of "Numerical Recipes"). */
function seeded(): () => number {
  let state = 1
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

// The sizes are those of upstream's tests of `calculateRangeOffset`.
test.for([
  { name: 'the usual range', nodePorts: { first: 30_000, last: 32_767 }, reserved: 86 },
  { name: 'a range with a lower part of the least size', nodePorts: { first: 30_000, last: 30_127 }, reserved: 16 },
  { name: 'a range with one of the greatest size', nodePorts: { first: 30_000, last: 37_999 }, reserved: 128 },
  { name: 'a range that is too small for one', nodePorts: { first: 30_000, last: 30_015 }, reserved: 0 },
])('$name is drawn from at random, each port once, its lowest part last', ({ nodePorts: { first, last }, reserved }) => {
  const drawn = drawAll({ first, last }, seeded())
  const size = last - first + 1
  expect(new Set(drawn).size).toBe(size)
  expect(Math.min(...drawn.slice(0, size - reserved))).toBe(first + reserved)
  expect(Math.max(...drawn)).toBe(last)
  expect(drawn.slice(size - reserved).every((port) => port < first + reserved)).toBe(true)
  const inOrder = drawn.filter((port, index) => port === (drawn[index - 1] ?? 0) + 1).length
  expect(inOrder).toBeLessThan(size / 2)
})
