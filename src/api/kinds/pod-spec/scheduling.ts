/** Where a pod may run: tolerations, affinity, spread, gates. */
import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodAffinityTerm,
} from '@kubernetes/client-node'
import { forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { validateLabels } from '../../metadata.ts'
import { isDNS1123Label, isLabelValue } from '../../names.ts'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'
import { checked, validateQualifiedName, validateSubdomain } from '../values.ts'
import { validateLabelKeys } from './label-keys.ts'
import type { Toleration } from './types.ts'

type Affinity = Unchecked<Wire<V1Affinity>>
type NodeTerm = Unchecked<Wire<V1NodeSelectorTerm>>
type NodeRequirement = Unchecked<Wire<V1NodeSelectorRequirement>>
type PodTerm = Unchecked<Wire<V1PodAffinityTerm>>
type LabelSelector = Unchecked<Wire<V1LabelSelector>>

const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function validateTaintEffect(effect: string, path: string): FieldError[] {
  return taintEffects.includes(effect) ? [] : [notSupported(path, effect, taintEffects)]
}

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(toleration, `${path}[${index}]`))
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration
  const all = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
  const timed = "effect must be 'NoExecute' when `tolerationSeconds` is set"
  return [
    ...(key === '' ? [] : validateQualifiedName(key, `${path}.key`)),
    ...(key === '' && operator !== 'Exists' ? [invalid(`${path}.operator`, operator, all)] : []),
    ...(tolerationSeconds !== undefined && effect !== 'NoExecute' ? [invalid(`${path}.effect`, effect, timed)] : []),
    ...validateTolerationOperator(toleration, `${path}.operator`),
    ...(effect === '' ? [] : validateTaintEffect(effect, `${path}.effect`)),
  ]
}

function validateTolerationOperator(toleration: Toleration, path: string): FieldError[] {
  const { operator = '', value = '' } = toleration
  switch (operator) {
    case '':
    case 'Equal': {
      const problems = isLabelValue(value)
      return problems.length === 0 ? [] : [invalid(path, value, problems.join(';'))]
    }
    case 'Exists':
      return value === '' ? [] : [invalid(path, toleration, "value must be empty when `operator` is 'Exists'")]
    default:
      return [notSupported(path, operator, ['Equal', 'Exists'])]
  }
}

export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  return [
    ...(nodeAffinity === undefined ? [] : validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`)),
    ...(podAffinity === undefined ? [] : validatePodAffinity(podAffinity, `${path}.podAffinity`)),
    ...(podAntiAffinity === undefined ? [] : validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`)),
  ]
}

const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'

function validateNodeAffinity(affinity: NonNullable<Affinity['nodeAffinity']>, path: string): FieldError[] {
  const { [hard]: requirement, [soft]: preferences = [] } = affinity
  return [
    ...(requirement === undefined ? [] : validateNodeTerms(requirement.nodeSelectorTerms ?? [], `${path}.${hard}`)),
    ...preferences.flatMap(({ weight, preference = {} }, index) => [
      ...validateWeight(weight, `${path}.${soft}[${index}].weight`),
      ...validateNodeTerm(preference, `${path}.${soft}[${index}].preference`),
    ]),
  ]
}

function validateNodeTerms(terms: readonly NodeTerm[], parent: string): FieldError[] {
  const path = `${parent}.nodeSelectorTerms`
  if (terms.length === 0) return [required(path, 'must have at least one node selector term')]
  return terms.flatMap((term, index) => [
    ...validateNodeTerm(term, `${path}[${index}]`),
    ...validateNodeLabelValues(term, `${path}[${index}]`),
  ])
}

/** A preference may name what no label can be: it harms nobody. */
function validateNodeLabelValues({ matchExpressions = [] }: NodeTerm, path: string): FieldError[] {
  return matchExpressions.flatMap(({ values = [] }, index) =>
    values.flatMap((value, at) => checked(value, `${path}.matchExpressions[${index}].values[${at}]`, isLabelValue)),
  )
}

function validateNodeTerm({ matchExpressions = [], matchFields = [] }: NodeTerm, path: string): FieldError[] {
  return [
    ...matchExpressions.flatMap((one, index) => validateNodeLabel(one, `${path}.matchExpressions[${index}]`)),
    ...matchFields.flatMap((one, index) => validateNodeField(one, `${path}.matchFields[${index}]`)),
  ]
}

function validateNodeLabel({ key = '', operator = '', values = [] }: NodeRequirement, path: string): FieldError[] {
  const isComparison = operator === 'Gt' || operator === 'Lt'
  const single = "must be specified single value when `operator` is 'Lt' or 'Gt'"
  const comparisonErrors = values.length === 1 ? [] : [required(`${path}.values`, single)]
  return [
    ...(isComparison ? comparisonErrors : validateSetOperator(operator, values, path)),
    ...validateQualifiedName(key, `${path}.key`),
  ]
}

/** The operators that node and label selectors share. */
function validateSetOperator(operator: string, values: readonly string[], path: string): FieldError[] {
  const needed = "must be specified when `operator` is 'In' or 'NotIn'"
  const useless = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length === 0 ? [required(`${path}.values`, needed)] : []
    case 'Exists':
    case 'DoesNotExist':
      return values.length > 0 ? [forbidden(`${path}.values`, useless)] : []
    default:
      return [invalid(`${path}.operator`, operator, 'not a valid selector operator')]
  }
}

function validateNodeField({ key = '', operator = '', values = [] }: NodeRequirement, path: string): FieldError[] {
  const isKnown = operator === 'In' || operator === 'NotIn'
  const single = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
  const countErrors = values.length === 1 ? [] : [required(`${path}.values`, single)]
  const operatorErrors = [invalid(`${path}.operator`, operator, 'not a valid selector operator')]
  const keyErrors = [invalid(`${path}.key`, key, 'not a valid field selector key')]
  const valueErrors = values.flatMap((value, index) => validateSubdomain(value, `${path}.values[${index}]`))
  return [...(isKnown ? countErrors : operatorErrors), ...(key === 'metadata.name' ? valueErrors : keyErrors)]
}

function validatePodAffinity(affinity: NonNullable<Affinity['podAffinity']>, path: string): FieldError[] {
  const { [hard]: terms = [], [soft]: preferences = [] } = affinity
  return [
    ...terms.flatMap((term, index) => validatePodTerm(term, `${path}.${hard}[${index}]`)),
    ...preferences.flatMap(({ weight, podAffinityTerm = {} }, index) => [
      ...validateWeight(weight, `${path}.${soft}[${index}].weight`),
      ...validatePodTerm(podAffinityTerm, `${path}.${soft}[${index}].podAffinityTerm`),
    ]),
  ]
}

function validatePodTerm(term: PodTerm, path: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = '' } = term
  const keyPath = `${path}.topologyKey`
  return [
    ...(labelSelector === undefined ? [] : validateLabelSelector(labelSelector, `${path}.labelSelector`)),
    ...(namespaceSelector === undefined ? [] : validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`)),
    ...namespaces.flatMap((name) => checked(name, `${path}.namespace`, isDNS1123Label)),
    ...validateLabelKeys(term, path),
    ...(topologyKey === '' ? [required(keyPath, 'can not be empty')] : []),
    ...validateQualifiedName(topologyKey, keyPath),
  ]
}

function validateWeight(weight: number | undefined, path: string): FieldError[] {
  if (weight !== undefined && weight > 0 && weight <= 100) return []
  return [invalid(path, weight ?? 0, 'must be in the range 1-100')]
}

/** meta/v1 `LabelSelector` anywhere in an object. */
export function validateLabelSelector(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  path: string,
): FieldError[] {
  return [
    ...validateLabels(matchLabels, `${path}.matchLabels`),
    ...matchExpressions.flatMap(({ key = '', operator = '', values = [] }, index) => {
      const one = `${path}.matchExpressions[${index}]`
      return [
        ...validateSetOperator(operator, values, one),
        ...validateQualifiedName(key, `${one}.key`),
        ...values.flatMap((value, at) => checked(value, `${one}.values[${at}]`, isLabelValue)),
      ]
    }),
  ]
}
