import type { Filter, NodeFilter } from '../filter.ts'
import { isWanted, requiredTerms, type NodeTerm } from '../node-selection.ts'

/** `nodeSelector` and the required node affinity. */
export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  prepare({ pod: { spec } }) {
    if (spec.nodeSelector === undefined && requiredTerms(spec) === undefined) return undefined
    return ({ node }) =>
      isWanted(spec, node)
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], dueToPods: false }
  },
}

/**
 * A pod whose affinity names its node, as those of a DaemonSet do, is not considered for others at all, which upstream
 * words differently.
 */
export const pinnedNodes: Filter = {
  name: 'NodeAffinity',
  prepare({ pod: { spec } }): NodeFilter | undefined {
    const names = requiredTerms(spec)?.map(namesOf)
    if (names === undefined || names.includes(undefined)) return undefined
    return ({ name }) =>
      names.some((some) => some?.has(name))
        ? undefined
        : { reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"], dueToPods: false }
  },
}

/** The nodes that a term names; undefined if it does not choose by name. */
function namesOf({ matchFields = [] }: NodeTerm): ReadonlySet<string> | undefined {
  return matchFields
    .filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
    .map(({ values = [] }) => new Set(values))
    .reduce<Set<string> | undefined>((all, some) => all?.intersection(some) ?? some, undefined)
}
