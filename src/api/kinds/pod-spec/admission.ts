import type { PodSpec, Toleration } from './types.ts'

/** How long a pod stays on a node that has failed, in seconds. */
const failedNodeSeconds = 300

const failedNodeTaints: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/**
 * What upstream's admission plugin DefaultTolerationSeconds adds to a Pod on create and on update, since it comes from
 * the cluster and not from the kind: tolerations of failed nodes for a while. Mutates.
 */
export function applyPodAdmissionDefaults({ spec }: { readonly spec: PodSpec }): void {
  const tolerations = spec.tolerations ?? []
  const missing = failedNodeTaints.filter((key) => !tolerations.some((toleration) => tolerates(toleration, key)))
  if (missing.length > 0) spec.tolerations = [...tolerations, ...missing.map(tolerationOf)]
}

function tolerates({ key = '', effect = '' }: Toleration, taint: string): boolean {
  return (key === '' || key === taint) && (effect === '' || effect === 'NoExecute')
}

function tolerationOf(key: string): Toleration {
  return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: failedNodeSeconds }
}
