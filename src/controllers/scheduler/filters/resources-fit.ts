import type { Filter } from '../filter.ts'

/** What the pod requests must fit beside what is requested already; one reason for each resource that is short. */
export const resourcesFit: Filter = {
  name: 'NodeResourcesFit',
  prepare:
    ({ requests }) =>
    ({ allocatable, load }) => {
      const has = (name: string) => allocatable.get(name) ?? 0
      const short = [...requests].filter(
        ([name, amount]) => amount > 0 && amount + (load.requested.get(name) ?? 0) > has(name),
      )
      const crowded = load.count + 1 > has('pods') ? ['Too many pods'] : []
      const reasons = [...crowded, ...short.map(([name]) => `Insufficient ${name}`)]
      if (reasons.length === 0) return undefined
      return { reasons, dueToPods: short.every(([name, amount]) => amount <= has(name)) }
    },
}
