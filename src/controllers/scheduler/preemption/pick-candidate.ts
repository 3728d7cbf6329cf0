import type { PodInfo } from '../pod-info.ts'
import { startOf, type Candidate } from './victims.ts'

/** So that many victims of negative priority weigh more than few. */
const positive = 2 ** 31

/**
 * The node at which least is lost: of several the one whose most important victim is least so, then by the sum of
 * priorities, then by number, then where the most important of them have run the shortest, and then by name.
 */
export function pickCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, loss: lossOf(candidate) }))
  return ranked.sort((a, b) => compare(a.loss, b.loss) || byName(a.candidate, b.candidate))[0]?.candidate
}

function lossOf({ victims }: Candidate): readonly number[] {
  const highest = Math.max(...victims.map(({ priority }) => priority))
  const sum = victims.reduce((total, { priority }) => total + priority + positive, 0)
  const foremost = victims.filter(({ priority }) => priority === highest)
  return [highest, sum, victims.length, -earliestStart(foremost)]
}

function earliestStart(pods: readonly PodInfo[]): number {
  return Math.min(...pods.map(startOf))
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function byName(a: Candidate, b: Candidate): number {
  return a.node.name < b.node.name ? -1 : 1
}
