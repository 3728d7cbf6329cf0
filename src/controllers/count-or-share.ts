import type { IntOrString } from '../api/object.ts'

/** How many of `total` are meant: the number itself, or a share, `25%`, of it. What cannot be read counts as none. */
export function countOf(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (typeof value !== 'string') return value ?? 0
  const [, percent] = /^(\d+)%$/.exec(value) ?? []
  if (percent === undefined) return 0
  const exact = (Number(percent) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
