import type { V1TopologySpreadConstraint } from '@kubernetes/client-node'
import { duplicate, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'
import { validateOptionalEnum } from '../values.ts'
import { validateLabelKeys } from './label-keys.ts'
import { validateLabelSelector } from './scheduling.ts'

type Constraint = Unchecked<Wire<V1TopologySpreadConstraint>>

const actions: readonly string[] = ['DoNotSchedule', 'ScheduleAnyway']
const nodePolicies: readonly string[] = ['Honor', 'Ignore']

/** Problems of the rules by which pods spread over zones or nodes (KEP-895). */
export function validateTopologySpread(constraints: readonly Constraint[], path: string): FieldError[] {
  return constraints.flatMap((constraint, index) => [
    ...validateConstraint(constraint, `${path}[${index}]`),
    ...validateNotRepeated(constraint, constraints.slice(index + 1), `${path}[${index}]`),
  ])
}

function validateConstraint(constraint: Constraint, path: string): FieldError[] {
  const { maxSkew = 0, minDomains, topologyKey = '', whenUnsatisfiable: action = '', labelSelector } = constraint
  const domainsPath = `${path}.minDomains`
  const misplaced = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`
  return [
    ...validatePositive(maxSkew, `${path}.maxSkew`),
    ...(topologyKey === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...(actions.includes(action) ? [] : [notSupported(`${path}.whenUnsatisfiable`, action, actions)]),
    ...(minDomains === undefined ? [] : validatePositive(minDomains, domainsPath)),
    ...(minDomains === undefined || action === 'DoNotSchedule' ? [] : [invalid(domainsPath, minDomains, misplaced)]),
    ...validateOptionalEnum(constraint.nodeAffinityPolicy, `${path}.nodeAffinityPolicy`, nodePolicies),
    ...validateOptionalEnum(constraint.nodeTaintsPolicy, `${path}.nodeTaintsPolicy`, nodePolicies),
    ...validateLabelKeys(constraint, path),
    ...(labelSelector === undefined ? [] : validateLabelSelector(labelSelector, `${path}.labelSelector`)),
  ]
}

function validatePositive(value: number, path: string): FieldError[] {
  return value > 0 ? [] : [invalid(path, value, 'must be greater than zero')]
}

function validateNotRepeated(constraint: Constraint, later: readonly Constraint[], path: string): FieldError[] {
  const { topologyKey = '', whenUnsatisfiable = '' } = constraint
  const isRepeated = later.some(
    (other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
  )
  const pair = `{${topologyKey}, ${whenUnsatisfiable}}`
  return isRepeated ? [duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, pair)] : []
}
