import { templateGeneration, type DaemonSet } from '../../api/kinds/daemon-set.ts'
import type { Pod, PodSpec, PodTemplateSpec } from '../../api/kinds/pod.ts'
import { podRevisionLabel } from '../history/revision.ts'
import type { Toleration } from '../tolerations.ts'

type Affinity = NonNullable<PodSpec['affinity']>

const generationLabel = 'pod-template-generation'
const nameField = 'metadata.name'

/** Taints of trouble that a daemon stays through or starts in spite of, by upstream's table. */
const tolerated: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const networkUnavailable: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** The spec of a daemon pod before it is known for which node. */
export function daemonPodSpec({ spec }: DaemonSet): PodSpec {
  const template = spec.template.spec ?? { containers: [] }
  const added = template.hostNetwork === true ? [...tolerated, networkUnavailable] : tolerated
  const own = (template.tolerations ?? []).filter((one) => !added.some((other) => isSame(one, other)))
  return { ...template, tolerations: [...own, ...added] }
}

/** The template of the pod for one node: the scheduler places it there and nowhere else. */
export function daemonTemplate(set: DaemonSet, hash: string, nodeName: string): PodTemplateSpec {
  const spec = daemonPodSpec(set)
  const { metadata } = set.spec.template
  const generation = set.metadata.annotations?.[templateGeneration]
  const labels = {
    ...metadata?.labels,
    ...(generation === undefined ? {} : { [generationLabel]: generation }),
    [podRevisionLabel]: hash,
  }
  return { metadata: { ...metadata, labels }, spec: { ...spec, affinity: pinned(spec.affinity ?? {}, nodeName) } }
}

/** The node that a daemon pod runs on or was made for; undefined if it does not say. */
export function targetNodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? []
  const names = fields.find(({ key, operator }) => key === nameField && operator === 'In')?.values ?? []
  return names.length === 1 ? names[0] : undefined
}

/** What was required of the node has been judged already: its name is all that is required from here on. */
function pinned(affinity: Affinity, nodeName: string): Affinity {
  const matchFields = [{ key: nameField, operator: 'In', values: [nodeName] }]
  const requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [{ matchFields }] }
  return {
    ...affinity,
    nodeAffinity: { ...affinity.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution },
  }
}

function isSame(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '')
}
