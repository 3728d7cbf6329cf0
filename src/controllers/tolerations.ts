import type { NodeSpec } from '../api/kinds/node.ts'
import type { PodSpec } from '../api/kinds/pod.ts'

export type Taint = NonNullable<NodeSpec['taints']>[number]
export type Toleration = NonNullable<PodSpec['tolerations']>[number]

/** Whether a toleration matches a taint: key, effect and value, an empty key or effect standing for all. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', effect = '', value = '' } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  if (operator === 'Exists') return true
  return operator === 'Equal' && key !== '' && value === (taint.value ?? '')
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[] = []): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint))
}

/**
 * When a pod must leave a node with these NoExecute taints, in milliseconds since the epoch: the earliest end of a
 * tolerated time, counted from when its taint was added; -Infinity if one is not tolerated, undefined for never.
 */
export function evictionTime(taints: readonly Taint[], tolerations: readonly Toleration[] = []): number | undefined {
  const ends = taints.flatMap((taint) => {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return [-Infinity]
    const seconds = matching.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? [])
    if (seconds.length === 0) return []
    const addedMs = Date.parse(taint.timeAdded ?? '')
    return [Number.isNaN(addedMs) ? -Infinity : addedMs + Math.max(0, Math.min(...seconds)) * 1000]
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}
