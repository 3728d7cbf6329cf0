import type { NodeInfo } from '../node-info.ts'
import type { Resources } from '../resources.ts'
import type { Score } from '../score.ts'
import { highest } from './rating.ts'

const compared = ['cpu', 'memory']

/** The more of cpu and memory stays free, the better; containers without requests count as something. */
export const leastAllocated: Score = {
  name: 'NodeResourcesFit',
  weight: 1,
  rate: ({ likelyUse }, nodes) =>
    nodes.map((node) => {
      const used = usageOf(node, node.load.likelyUse, likelyUse)
      return Math.trunc(average(used.map(({ of, amount }) => Math.trunc((Math.max(0, of - amount) * highest) / of))))
    }),
}

/** The nearer the used shares of cpu and memory are to each other, the better: neither is left over alone. */
export const balancedAllocation: Score = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  rate({ requests }, nodes) {
    if (compared.every((name) => (requests.get(name) ?? 0) === 0)) return undefined
    return nodes.map((node) => {
      const shares = usageOf(node, node.load.requested, requests).map(({ amount, of }) => Math.min(1, amount / of))
      return Math.trunc((1 - standardDeviation(shares)) * highest)
    })
  },
}

interface Usage {
  readonly amount: number
  readonly of: number
}

/** With the pod on the node; what the node does not have is left out. */
function usageOf({ allocatable }: NodeInfo, used: Resources, added: Resources): readonly Usage[] {
  return compared.flatMap((name) => {
    const of = allocatable.get(name) ?? 0
    return of === 0 ? [] : [{ of, amount: (used.get(name) ?? 0) + (added.get(name) ?? 0) }]
  })
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b) / values.length
}

function standardDeviation(values: readonly number[]): number {
  const mean = average(values)
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)))
}
