import type { V1NamespaceSpec, V1NamespaceStatus } from '@kubernetes/client-node'
import { ageColumn, nameColumn } from '../columns.ts'
import { invalid, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import { validateQualifiedName } from './values.ts'

export interface Namespace extends KubeObject {
  spec?: NamespaceSpec
  status?: NamespaceStatus
}

export type NamespaceSpec = Wire<V1NamespaceSpec>
export type NamespaceStatus = Wire<V1NamespaceStatus>

export const Namespaces: Resource<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  namespaced: false,
  shortNames: ['ns'],
}

/** The entry of `spec.finalizers` that keeps a namespace until everything in it is gone. */
export const namespaceFinalizer = 'kubernetes'

const nameLabel = 'kubernetes.io/metadata.name'
const standardFinalizers: readonly string[] = [namespaceFinalizer, 'orphan', 'foregroundDeletion']

export const namespaceKind: Kind<Namespace> = {
  resource: Namespaces,
  schema: 'V1Namespace',
  nameRule: 'dns-label',
  keepsCollection: true,
  hasStatus: true,

  setDefaults(namespace) {
    const { metadata } = namespace
    if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name }
    namespace.spec ??= {}
    namespace.status ??= {}
    namespace.status.phase ??= 'Active'
  },
  prepareCreate(namespace) {
    namespace.status = { phase: 'Active' }
    const finalizers = namespace.spec?.finalizers ?? []
    const kept = finalizers.includes(namespaceFinalizer) ? finalizers : [...finalizers, namespaceFinalizer]
    namespace.spec = { ...namespace.spec, finalizers: kept }
  },
  prepareUpdate(next, previous) {
    next.spec = structuredClone(previous.spec) ?? {}
    next.status = structuredClone(previous.status) ?? {}
  },
  beginDeletion(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' }
  },
  holdsDeletion: (namespace) => (namespace.spec?.finalizers ?? []).length > 0,

  validate: (namespace) => validateFinalizers(namespace.spec?.finalizers ?? []),
  validateStatus: validateNamespaceStatus,

  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Active, or Terminating while its contents are being removed.',
      priority: 0,
      cell: ({ status }) => status?.phase ?? '',
    },
    ageColumn,
  ],
  selectableFields: ({ metadata, status }) => ({ name: metadata.name, 'status.phase': status?.phase ?? '' }),
  selectableFieldNames: ['name', 'status.phase'],
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const path = 'spec.finalizers'
  return finalizers.flatMap((finalizer) => {
    const errors = validateQualifiedName(finalizer, path)
    if (finalizer.includes('/') || standardFinalizers.includes(finalizer)) return errors
    const problem = 'name is neither a standard finalizer name nor is it fully qualified'
    return [...errors, invalid(path, finalizer, problem)]
  })
}

function validateNamespaceStatus(next: Namespace): FieldError[] {
  const isDeleted = next.metadata.deletionTimestamp !== undefined
  const phase = isDeleted ? 'Terminating' : 'Active'
  if (next.status?.phase === phase) return []
  const condition = `\`deletionTimestamp\` is ${isDeleted ? 'not ' : ''}empty`
  return [invalid('status.Phase', next.status?.phase ?? '', `may only be '${phase}' if ${condition}`)]
}
