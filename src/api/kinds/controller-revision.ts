import { ageColumn, nameColumn } from '../columns.ts'
import { required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import { controllerOf, type KubeObject, type OwnerReference } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { validateImmutable, validateNonNegative } from './values.ts'

/** What the template of a StatefulSet or DaemonSet was at some time. */
export interface ControllerRevision extends KubeObject {
  /** Whatever the controller needs to restore it. */
  data?: unknown
  revision: number
}

export const ControllerRevisions: Resource<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
}

export const controllerRevisionKind: Kind<ControllerRevision> = {
  resource: ControllerRevisions,
  schema: 'V1ControllerRevision',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  setDefaults(revision) {
    revision.revision ??= 0
  },

  validate: validateRevision,
  validateUpdate: (next, previous) => validateImmutable(next.data, previous.data, 'data'),

  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      description: 'The object that it is a revision of.',
      priority: 0,
      cell(revision) {
        const controller = controllerOf(revision)
        return controller === undefined ? '<none>' : formatOwner(controller)
      },
    },
    {
      name: 'Revision',
      type: 'string',
      description: 'Its number; later ones are higher.',
      priority: 0,
      cell: ({ revision }) => revision,
    },
    ageColumn,
  ],
}

function validateRevision({ data, revision }: Unchecked<ControllerRevision>): FieldError[] {
  return [
    ...(data === undefined ? [required('data', 'data is mandatory')] : []),
    ...validateNonNegative(revision, 'revision'),
  ]
}

/** `statefulset.apps/db` */
function formatOwner({ apiVersion, kind, name }: OwnerReference): string {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : []
  return `${(group === '' ? kind : `${kind}.${group}`).toLowerCase()}/${name}`
}
