import type { PodSpec, Toleration } from './types.ts'

/** How long a pod stays on a node that has failed, in seconds. */
const failedNodeSeconds = 300

const failedNodeTaints: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

const systemPriorities: Readonly<Record<string, number>> = {
  '': 0,
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/**
 * What upstream's admission plugins DefaultTolerationSeconds and Priority add to a Pod on create and on update, since
 * they come from the cluster and not from the kind: tolerations of failed nodes for a while, and the priority that a
 * class stands for. Mutates. The priority of other classes than the built-in ones is left to be looked up.
 */
export function applyPodAdmissionDefaults({ spec }: { readonly spec: PodSpec }): void {
  const tolerations = spec.tolerations ?? []
  const missing = failedNodeTaints.filter((key) => !tolerations.some((toleration) => tolerates(toleration, key)))
  if (missing.length > 0) spec.tolerations = [...tolerations, ...missing.map(tolerationOf)]
  const priority = systemPriorities[spec.priorityClassName ?? '']
  if (priority !== undefined) spec.priority ??= priority
  spec.preemptionPolicy ??= 'PreemptLowerPriority'
}

function tolerates({ key = '', effect = '' }: Toleration, taint: string): boolean {
  return (key === '' || key === taint) && (effect === '' || effect === 'NoExecute')
}

function tolerationOf(key: string): Toleration {
  return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: failedNodeSeconds }
}
