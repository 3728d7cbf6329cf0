import type { Filter } from '../filter.ts'
import { requestsOf } from '../resources.ts'

/** What the pod requests must fit beside what is requested already; one reason for each resource that is short. */
export const resourcesFit: Filter = {
  name: 'NodeResourcesFit',
  reasons(pod, { pods, allocatable, requested }) {
    const crowded = pods.length + 1 > (allocatable.get('pods') ?? 0) ? ['Too many pods'] : []
    const short = [...requestsOf(pod)]
      .filter(([name, amount]) => amount > 0 && amount + (requested.get(name) ?? 0) > (allocatable.get(name) ?? 0))
      .map(([name]) => `Insufficient ${name}`)
    return [...crowded, ...short]
  },
}
