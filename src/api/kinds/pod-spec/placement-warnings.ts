/** What about the placement of a valid pod its author should know, as pkg/api/pod/warnings.go words it. */
import type { PodSpec } from './types.ts'

const deprecatedLabels = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  [
    'failure-domain.beta.kubernetes.io/region',
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  ],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
])

type Affinity = NonNullable<PodSpec['affinity']>
type NodeTerm = NonNullable<
  NonNullable<Affinity['nodeAffinity']>['preferredDuringSchedulingIgnoredDuringExecution']
>[number]['preference']
type PodAffinity = NonNullable<Affinity['podAffinity']>

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'
const matchesNothing = 'a null labelSelector results in matching no pod'

/** Node labels under names of old. */
export function nodeLabelWarnings({ nodeSelector = {}, affinity }: PodSpec, path: string): string[] {
  const { [hard]: requirement, [soft]: preferences = [] } = affinity?.nodeAffinity ?? {}
  const nodePath = `${path}.affinity.nodeAffinity`
  const terms = requirement?.nodeSelectorTerms ?? []
  return [
    ...Object.keys(nodeSelector).flatMap((label) => {
      const message = deprecatedLabels.get(label)
      return message === undefined ? [] : [`${path}.nodeSelector[${label}]: ${message}`]
    }),
    ...terms.flatMap((term, index) => termWarnings(term, `${nodePath}.${hard}.nodeSelectorTerms[${index}]`)),
    ...preferences.flatMap(({ preference }, index) =>
      termWarnings(preference, `${nodePath}.${soft}[${index}].preference`),
    ),
  ]
}

function termWarnings(term: NodeTerm, path: string): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ key = '' }, index) =>
    labelWarning(key, `${path}.matchExpressions[${index}].key`),
  )
}

function labelWarning(label: string, path: string): string[] {
  const message = deprecatedLabels.get(label)
  return message === undefined ? [] : [`${path}: ${label} is ${message}`]
}

export function spreadWarnings({ topologySpreadConstraints = [] }: PodSpec, path: string): string[] {
  return topologySpreadConstraints.flatMap(({ topologyKey = '', labelSelector }, index) => {
    const constraint = `${path}.topologySpreadConstraints[${index}]`
    return [
      ...labelWarning(topologyKey, `${constraint}.topologyKey`),
      ...(labelSelector === undefined ? [`${constraint}.labelSelector: ${matchesNothing}`] : []),
    ]
  })
}

/** Terms that no pod can meet. */
export function podAffinityWarnings({ affinity = {} }: PodSpec, path: string): string[] {
  const { podAffinity = {}, podAntiAffinity = {} } = affinity
  return [
    ...unselectiveTerms(podAffinity, `${path}.affinity.podAffinity`),
    ...unselectiveTerms(podAntiAffinity, `${path}.affinity.podAntiAffinity`),
  ]
}

function unselectiveTerms({ [hard]: terms = [], [soft]: preferences = [] }: PodAffinity, path: string): string[] {
  return [
    ...terms.flatMap(({ labelSelector }, index) =>
      labelSelector === undefined ? [`${path}.${hard}[${index}].labelSelector: ${matchesNothing}`] : [],
    ),
    ...preferences.flatMap(({ podAffinityTerm = {} }, index) =>
      podAffinityTerm.labelSelector === undefined
        ? [`${path}.${soft}[${index}].podAffinityTerm.labelSelector: ${matchesNothing}`]
        : [],
    ),
  ]
}
