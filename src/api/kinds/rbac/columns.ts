import { nameColumn } from '../../columns.ts'
import type { Column } from '../../kind.ts'

/** Roles are printed as kinds are that upstream has no printer for. */
export const roleColumns: readonly Column[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the object was created.',
    priority: 0,
    cell: ({ metadata }) => metadata.creationTimestamp,
  },
]
