import { resembles } from '../../base/resemblance.ts'
import type { Pod } from '../kinds/pod.ts'
import { formatLabels } from '../selectors.ts'
import { count } from './wording.ts'
import type { Rule } from './reason.ts'

type Labels = Readonly<Record<string, string>>

/** More pods than this are not compared: their like has been seen. */
const maxCompared = 100
const misprintScore = 6

/** The selector matches no pod: names the nearest labels that a pod has, or the namespace where it would match. */
export const selectorMatchesNothing: Rule = ({ service, selected, podsIn }) => {
  if (selected.length > 0) return undefined
  const { namespace = '' } = service.metadata
  const selector = service.spec.selector ?? {}
  const nobody = `No pod in namespace ${namespace} has the labels ${formatLabels(selector)} that the selector asks for`
  const pods = podsIn(namespace)
  const nearest = nearestLabels(selector, pods)
  const [misprint, unlike] = nearest?.isMisprint === true ? [nearest, undefined] : [undefined, nearest]
  const hint = nearestHint(misprint) ?? elsewhereHint(selector, podsIn()) ?? nearestHint(unlike) ?? thereAre(pods.length)
  return { reason: 'SelectorMatchesNoPods', message: `${nobody}. ${hint}` }
}

function thereAre(pods: number): string {
  return pods === 0 ? 'There are no pods in this namespace' : `None of its ${count(pods, 'pod')} has similar labels`
}

function nearestHint(nearest: Nearest | undefined): string | undefined {
  return nearest === undefined ? undefined : `Pod ${nearest.pod} has ${formatLabels(nearest.labels)}`
}

function elsewhereHint(selector: Labels, pods: readonly Pod[]): string | undefined {
  const [there] = pods
    .filter(({ metadata: { labels = {} } }) => Object.entries(selector).every(([key, value]) => labels[key] === value))
    .sort(byName)
  if (there === undefined) return undefined
  const { namespace = '', name } = there.metadata
  return `Pod ${name} in namespace ${namespace} has them, but a Service selects pods of its own namespace only`
}

/** Caches have no order, and a hint should not change without a cause. */
function byName({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`]
  return left === right ? 0 : left < right ? -1 : 1
}

export interface Nearest {
  readonly pod: string
  /** Those of the pod's labels that come nearest to each that is asked for. */
  readonly labels: Labels
  /** Whether each label that is asked for is there, or one that looks like it. */
  readonly isMisprint: boolean
}

/** The pod whose labels are most like the selector's, the first by name; undefined if no label resembles any. */
export function nearestLabels(selector: Labels, pods: readonly Pod[]): Nearest | undefined {
  let best: (Nearest & { readonly score: number }) | undefined
  const compared = pods.toSorted(byName).slice(0, maxCompared)
  for (const { metadata } of compared) {
    const near = Object.entries(selector).flatMap(([key, value]) => nearestLabel(key, value, metadata.labels ?? {}) ?? [])
    const score = near.reduce((sum, label) => sum + label.score, 0)
    if (score <= (best?.score ?? 0)) continue
    const labels = Object.fromEntries(near.map(({ key, value }) => [key, value]))
    const isMisprint = Object.keys(selector).length === near.filter((label) => label.score >= misprintScore).length
    best = { score, pod: metadata.name, labels, isMisprint }
  }
  return best
}

function nearestLabel(key: string, value: string, labels: Labels) {
  const scored = Object.entries(labels).map((label) => ({ key: label[0], value: label[1], score: likeness([key, value], label) }))
  const [nearest] = scored.sort((a, b) => b.score - a.score)
  return nearest === undefined || nearest.score === 0 ? undefined : nearest
}

/** The same key counts more than the same value under another one; a misprint is as near as can be. */
function likeness([key, value]: readonly [string, string], [otherKey, otherValue]: readonly [string, string]): number {
  if (key === otherKey) return value === otherValue ? 8 : resembles(value, otherValue) ? misprintScore : 3
  if (value === otherValue) return resembles(key, otherKey) ? misprintScore : 2
  return 0
}
