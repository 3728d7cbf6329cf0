import { StatusError } from '../../api/errors.ts'
import type { Pod, PodSpec } from '../../api/kinds/pod.ts'
import { nothing, selectorFromObject, type Labels, type LabelSelector, type LabelSelectorObject } from '../../api/selectors.ts'

type Affinity = NonNullable<PodSpec['affinity']>
type Term = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number]

/** A term of a pod's affinity to, or anti-affinity from, other pods, with its selectors read. */
export interface AffinityTerm {
  readonly topologyKey: string
  /** Whether a pod is meant. The labels are those of its namespace. */
  matches(other: Pod, namespaceLabels: Labels): boolean
}

export interface WeightedTerm extends AffinityTerm {
  /** 1 to 100. */
  readonly weight: number
}

export interface PodAffinity {
  readonly required: readonly AffinityTerm[]
  readonly requiredAnti: readonly AffinityTerm[]
  readonly preferred: readonly WeightedTerm[]
  readonly preferredAnti: readonly WeightedTerm[]
}

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'
const indifferent: PodAffinity = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] }

export function podAffinityOf({ metadata, spec: { affinity } }: Pod): PodAffinity {
  const { podAffinity, podAntiAffinity } = affinity ?? {}
  if (podAffinity === undefined && podAntiAffinity === undefined) return indifferent
  const read = (term: Term) => readTerm(term, metadata.namespace ?? '')
  const readAll = (terms: readonly Term[] = []) => terms.map(read)
  const readWeighted = (terms: readonly { weight: number; podAffinityTerm: Term }[] = []) =>
    terms.map(({ weight, podAffinityTerm }) => ({ ...read(podAffinityTerm), weight }))
  return {
    required: readAll(podAffinity?.[hard]),
    requiredAnti: readAll(podAntiAffinity?.[hard]),
    preferred: readWeighted(podAffinity?.[soft]),
    preferredAnti: readWeighted(podAntiAffinity?.[soft]),
  }
}

export function hasPodAffinity(affinity: PodAffinity): boolean {
  return affinity !== indifferent
}

/** A selector that cannot be read selects nothing; validation lets none in. */
export function readSelector(selector: LabelSelectorObject | undefined): LabelSelector {
  try {
    return selectorFromObject(selector)
  } catch (error) {
    if (error instanceof StatusError) return nothing
    throw error
  }
}

/** Without a list of namespaces and without a selector of them, the namespace of the pod itself is meant. */
function readTerm({ topologyKey, labelSelector, namespaceSelector, namespaces = [] }: Term, own: string): AffinityTerm {
  const pods = readSelector(labelSelector)
  const selected = readSelector(namespaceSelector)
  const named = new Set(namespaces.length === 0 && namespaceSelector === undefined ? [own] : namespaces)
  return {
    topologyKey,
    matches: ({ metadata: { namespace = '', labels } }, namespaceLabels) =>
      (named.has(namespace) || selected.matches(namespaceLabels)) && pods.matches(labels),
  }
}
