import { badRequest } from './errors.ts'
import { parseRequirements, SelectorSyntaxError } from './selectors/label-parser.ts'
import {
  formatRequirement,
  matchesRequirement,
  requirementProblem,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
} from './selectors/label-requirement.ts'

export { matchesRequirement }
export type { LabelOperator, LabelRequirement, Labels }

/** Which labels are chosen; whatever form it was written in. */
export interface LabelSelector {
  /** All must hold. Sorted by key; empty for `everything` and for `nothing`. */
  readonly requirements: readonly LabelRequirement[]
  matches(labels: Labels | undefined): boolean
  /** Upstream's canonical form, `a=b,c in (x,y)`; parsing it gives an equal selector. */
  toString(): string
}

/** meta/v1 `LabelSelector`, as in `spec.selector` of a Deployment. */
export interface LabelSelectorObject {
  matchLabels?: Labels
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[]
}

export const everything: LabelSelector = { requirements: [], matches: () => true, toString: () => '' }
export const nothing: LabelSelector = { requirements: [], matches: () => false, toString: () => '' }

const expressionOperators = new Map<string, LabelOperator>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

/** The selector of a `labelSelector` query parameter; the empty string selects everything. Throws 400. */
export function parseLabelSelector(text: string): LabelSelector {
  try {
    return selectorOf(parseRequirements(text))
  } catch (error) {
    if (error instanceof SelectorSyntaxError) throw badRequest(error.message)
    throw error
  }
}

/** An absent selector object selects nothing, an empty one everything, as upstream has it. Throws 400. */
export function selectorFromObject(object: LabelSelectorObject | undefined): LabelSelector {
  if (object === undefined) return nothing
  const equals = Object.entries(object.matchLabels ?? {}).map(([key, value]) => checked(key, '=', [value]))
  const expressions = (object.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    const known = expressionOperators.get(operator)
    if (known === undefined) throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`)
    return checked(key, known, values)
  })
  return selectorOf([...equals, ...expressions])
}

/**
 * The selector of a plain map, as in `spec.selector` of a Service or ReplicationController. An empty map
 * selects everything; where it should select nothing, the caller must not ask. Values are not checked again.
 */
export function selectorFromMap(map: Labels | undefined): LabelSelector {
  return selectorOf(Object.entries(map ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

/** `a=b,c=d`, sorted, or `<none>`: a plain map as printed in tables. */
export function formatLabels(labels: Labels | undefined): string {
  const text = selectorFromMap(labels).toString()
  return text === '' ? '<none>' : text
}

function checked(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const requirement = { key, operator, values }
  const problem = requirementProblem(requirement)
  if (problem !== undefined) throw badRequest(problem)
  return requirement
}

function selectorOf(unsorted: readonly LabelRequirement[]): LabelSelector {
  if (unsorted.length === 0) return everything
  const requirements = unsorted.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return {
    requirements,
    matches: (labels = {}) => requirements.every((requirement) => matchesRequirement(requirement, labels)),
    toString: () => requirements.map(formatRequirement).join(','),
  }
}
