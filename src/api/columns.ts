/** What the tables of several kinds have in common. Cell texts are those of upstream's printers. */
import { humanDuration } from './human-duration.ts'
import type { Column } from './kind.ts'

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique among its kind in the namespace.',
  priority: 0,
  cell: ({ metadata }) => metadata.name,
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: ({ metadata }, now) => timeSince(metadata.creationTimestamp, now),
}

/** How long ago an RFC 3339 time was; `<unknown>` if there is none. */
export function timeSince(timestamp: string | undefined, now: Date): string {
  if (timestamp === undefined || timestamp === '') return '<unknown>'
  return humanDuration(now.getTime() - Date.parse(timestamp))
}

/** The first three of a list and how many more there are: `a,b,c + 2 more...`. Empty for an empty list. */
export function firstThree(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(',')
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown
}
