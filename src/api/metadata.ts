/** Problems of an object's metadata, as k8s.io/apimachinery/pkg/api/validation/objectmeta.go finds and words them. */
import { forbidden, invalid, required, tooLong, type FieldError } from './field-error.ts'
import type { NameRule } from './kind.ts'
import { isDNS1123Label, isLabelValue, isQualifiedName, namePrefixProblems, nameProblems } from './names.ts'
import type { DraftMeta, OwnerReference } from './object.ts'

export interface MetadataRules {
  readonly namespaced: boolean
  readonly nameRule: NameRule
}

/** What all annotations of an object may take together, keys and values, in bytes. */
export const maxAnnotationBytes = 256 * 1024

const immutableFields = [
  ['name', ''],
  ['namespace', ''],
  ['uid', ''],
  ['creationTimestamp', null],
  ['deletionTimestamp', null],
  ['deletionGracePeriodSeconds', null],
] as const

/** Problems of metadata on create, after a name has been generated where one was asked for. */
export function validateMetadata(meta: DraftMeta, rules: MetadataRules): FieldError[] {
  return [
    ...validateNames(meta, rules.nameRule),
    ...validateNamespace(meta.namespace ?? '', rules.namespaced),
    ...validateGeneration(meta.generation ?? 0),
    ...validateLabels(meta.labels ?? {}, 'metadata.labels'),
    ...validateAnnotations(meta.annotations ?? {}, 'metadata.annotations'),
    ...validateOwnerReferences(meta.ownerReferences ?? []),
    ...validateFinalizers(meta.finalizers ?? []),
    ...validateManagedFields(meta.managedFields ?? []),
  ]
}

/**
 * Problems of going from `previous` to `next`. The server has carried over what clients may leave out
 * (uid, creationTimestamp, resourceVersion of an unconditional update) before it asks.
 */
export function validateMetadataUpdate(next: DraftMeta, previous: DraftMeta): FieldError[] {
  return [
    ...validateNoNewFinalizers(next, previous),
    ...validateResourceVersion(next.resourceVersion ?? ''),
    ...validateGeneration(next.generation ?? 0),
    ...validateGenerationStep(next.generation ?? 0, previous.generation ?? 0),
    ...validateImmutable(next, previous),
    ...validateLabels(next.labels ?? {}, 'metadata.labels'),
    ...validateAnnotations(next.annotations ?? {}, 'metadata.annotations'),
    ...validateOwnerReferences(next.ownerReferences ?? []),
    ...validateManagedFields(next.managedFields ?? []),
  ]
}

/** Problems of a label map anywhere in an object: metadata, selectors, pod templates. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...isQualifiedName(key).map((problem) => invalid(path, key, problem)),
    ...isLabelValue(value).map((problem) => invalid(path, value, problem)),
  ])
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const entries = Object.entries(annotations)
  const errors = entries.flatMap(([key]) =>
    isQualifiedName(key.toLowerCase()).map((problem) => invalid(path, key, problem)),
  )
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return bytes > maxAnnotationBytes ? [...errors, tooLong(path, maxAnnotationBytes)] : errors
}

function validateNames({ generateName = '', name = '' }: DraftMeta, rule: NameRule): FieldError[] {
  const prefixErrors = generateName === '' ? [] : namePrefixProblems(rule, generateName)
  const nameErrors =
    name === ''
      ? [required('metadata.name', 'name or generateName is required')]
      : nameProblems(rule, name).map((problem) => invalid('metadata.name', name, problem))
  return [...prefixErrors.map((problem) => invalid('metadata.generateName', generateName, problem)), ...nameErrors]
}

function validateNamespace(namespace: string, namespaced: boolean): FieldError[] {
  const path = 'metadata.namespace'
  if (!namespaced) return namespace === '' ? [] : [forbidden(path, 'not allowed on this type')]
  if (namespace === '') return [required(path)]
  return isDNS1123Label(namespace).map((problem) => invalid(path, namespace, problem))
}

function validateGeneration(generation: number): FieldError[] {
  if (generation >= 0) return []
  return [invalid('metadata.generation', generation, 'must be greater than or equal to 0')]
}

function validateGenerationStep(next: number, previous: number): FieldError[] {
  return next < previous ? [invalid('metadata.generation', next, 'must not be decremented')] : []
}

function validateOwnerReferences(owners: readonly OwnerReference[]): FieldError[] {
  const path = 'metadata.ownerReferences'
  const [first, ...others] = owners.filter((owner) => owner.controller === true).map(ownerName)
  const secondControllers = others.map((other) =>
    invalid(
      path,
      owners,
      'Only one reference can have Controller set to true. ' +
        `Found "true" in references for ${first ?? ''} and ${other}`,
    ),
  )
  return [...owners.flatMap((owner) => validateOwnerReference(owner, path)), ...secondControllers]
}

function ownerName({ kind, name }: OwnerReference): string {
  return `${kind}/${name}`
}

function validateOwnerReference(owner: OwnerReference, path: string): FieldError[] {
  const errors = (['kind', 'name', 'uid'] as const)
    .filter((field) => (owner[field] ?? '') === '')
    .map((field) => invalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty'))
  const version = (owner.apiVersion ?? '').split('/').at(-1)
  if (version === '') errors.unshift(invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
  if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
    errors.push(invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'))
  }
  return errors
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const path = 'metadata.finalizers'
  const malformed = finalizers.flatMap((name) => isQualifiedName(name).map((problem) => invalid(path, name, problem)))
  const errors = [...malformed, ...finalizers.flatMap(validateQualified)]
  const contradiction = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
  if (!contradiction) return errors
  return [...errors, invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')]
}

const standardFinalizers: readonly string[] = ['kubernetes', 'orphan', 'foregroundDeletion']

/** Without a domain, only the names that Kubernetes itself gives are known. */
function validateQualified(name: string, index: number): FieldError[] {
  if (name.includes('/') || standardFinalizers.includes(name)) return []
  const problem = 'name is neither a standard finalizer name nor is it fully qualified'
  return [invalid(`metadata.finalizers[${index}]`, name, problem)]
}

function validateNoNewFinalizers(next: DraftMeta, previous: DraftMeta): FieldError[] {
  if (previous.deletionTimestamp === undefined) return []
  const known = new Set(previous.finalizers)
  const added = [...new Set(next.finalizers)].filter((name) => !known.has(name)).sort()
  if (added.length === 0) return []
  const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`
  return [forbidden('metadata.finalizers', detail)]
}

function validateResourceVersion(resourceVersion: string): FieldError[] {
  if (resourceVersion !== '') return []
  return [invalid('metadata.resourceVersion', resourceVersion, 'must be specified for an update')]
}

function validateImmutable(next: DraftMeta, previous: DraftMeta): FieldError[] {
  return immutableFields
    .filter(([field, unset]) => (next[field] ?? unset) !== (previous[field] ?? unset))
    .map(([field, unset]) => invalid(`metadata.${field}`, next[field] ?? unset, 'field is immutable'))
}

type ManagedFields = NonNullable<DraftMeta['managedFields']>[number]

function validateManagedFields(entries: readonly ManagedFields[]): FieldError[] {
  return entries.flatMap((entry, index) => validateManagedFieldsEntry(entry, `metadata.managedFields[${index}]`))
}

function validateManagedFieldsEntry(entry: ManagedFields, path: string): FieldError[] {
  const { operation = '', fieldsType = '', manager = '', subresource = '' } = entry
  const errors: FieldError[] = []
  if (operation !== 'Apply' && operation !== 'Update') {
    errors.push(invalid(`${path}.operation`, operation, 'must be `Apply` or `Update`'))
  }
  if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
    errors.push(invalid(`${path}.fieldsType`, fieldsType, 'must be `FieldsV1`'))
  }
  if (Buffer.byteLength(manager) > 128) errors.push(tooLong(`${path}.manager`, 128))
  if (Buffer.byteLength(subresource) > 256) errors.push(tooLong(`${path}.subresource`, 256))
  return errors
}
