import { isTolerated } from '../../tolerations.ts'
import { matchesTerm } from '../node-selection.ts'
import type { Score } from '../score.ts'
import { highest, normalized } from './rating.ts'

/** Nodes with taints that say `PreferNoSchedule` and are not tolerated come last. */
export const softTaints: Score = {
  name: 'TaintToleration',
  weight: 3,
  rate({ pod }, nodes) {
    const tolerations = pod.spec.tolerations?.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule')
    const counts = nodes.map(({ node }) => {
      const soft = node.spec?.taints?.filter(({ effect }) => effect === 'PreferNoSchedule') ?? []
      return soft.filter((taint) => !isTolerated(taint, tolerations)).length
    })
    return normalized(counts).map((share) => highest - share)
  },
}

/** `preferredDuringSchedulingIgnoredDuringExecution` of the node affinity, by weight. */
export const preferredNodes: Score = {
  name: 'NodeAffinity',
  weight: 2,
  rate({ pod: { spec } }, nodes) {
    const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    return normalized(
      nodes.map(({ node }) =>
        preferred
          .filter(({ preference }) => matchesTerm(preference, node))
          .reduce((total, { weight }) => total + weight, 0),
      ),
    )
  },
}
