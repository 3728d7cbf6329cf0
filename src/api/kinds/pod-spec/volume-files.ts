/** Volumes that are files made of ConfigMaps, Secrets, the pod's own fields, or several of these at once. */
import { forbidden, invalid, required, type FieldError } from '../../field-error.ts'
import { validateRequired } from '../values.ts'
import { fileFieldPaths, validateFieldReference, validateResourceReference } from './field-references.ts'
import { validateFilePath, validateMode } from './paths.ts'
import type { Volume } from './types.ts'

type KeyToPath = NonNullable<NonNullable<Volume['secret']>['items']>[number]

/** Keys of a ConfigMap or Secret as files. */
export function validateFiles(
  { defaultMode, items = [] }: { defaultMode?: number | undefined; items?: KeyToPath[] | undefined },
  path: string,
): FieldError[] {
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...items.flatMap((item, index) => validateItem(item, `${path}.items[${index}]`)),
  ]
}

function validateItem({ key, path: file = '', mode }: KeyToPath, path: string): FieldError[] {
  return [
    ...validateRequired(key, `${path}.key`),
    ...validateRequired(file, `${path}.path`),
    ...validateFilePath(file, `${path}.path`),
    ...validateMode(mode, `${path}.mode`),
  ]
}

type DownwardVolume = NonNullable<Volume['downwardAPI']>
type DownwardFile = NonNullable<DownwardVolume['items']>[number]

export function validateDownwardFiles({ defaultMode, items = [] }: DownwardVolume, path: string): FieldError[] {
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...items.flatMap((file) => validateDownwardFile(file, path)),
  ]
}

function validateDownwardFile(file: DownwardFile, path: string): FieldError[] {
  const { path: name = '', mode, fieldRef, resourceFieldRef } = file
  return [
    ...validateRequired(name, `${path}.path`),
    ...validateFilePath(name, `${path}.path`),
    ...validateReference({ fieldRef, resourceFieldRef }, path),
    ...validateMode(mode, `${path}.mode`),
  ]
}

function validateReference({ fieldRef, resourceFieldRef }: DownwardFile, path: string): FieldError[] {
  if (fieldRef !== undefined) {
    const errors = validateFieldReference(fieldRef, fileFieldPaths, `${path}.fieldRef`)
    if (resourceFieldRef === undefined) return errors
    return [...errors, invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')]
  }
  if (resourceFieldRef === undefined) return [required(path, 'one of fieldRef and resourceFieldRef is required')]
  return validateResourceReference(resourceFieldRef, true, `${path}.resourceFieldRef`)
}

type Projected = NonNullable<Volume['projected']>
type Projection = NonNullable<Projected['sources']>[number]

/** Several sources in one folder: no two files may have one name. */
export function validateProjected({ defaultMode, sources = [] }: Projected, path: string): FieldError[] {
  const taken = new Set<string>()
  const conflicts = sources.flatMap(filesOf).filter((file) => taken.has(file) || !taken.add(file))
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...sources.flatMap((source, index) => validateProjection(source, `${path}.sources[${index}]`, path)),
    ...conflicts.map((file) => invalid(path, file, 'conflicting duplicate paths')),
  ]
}

function filesOf({ secret, configMap, downwardAPI }: Projection): string[] {
  const items = [...(secret?.items ?? []), ...(configMap?.items ?? []), ...(downwardAPI?.items ?? [])]
  return items.map(({ path = '' }) => path).filter((path) => path !== '')
}

function validateProjection(source: Projection, path: string, volume: string): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source
  const parts = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle]
  const given = parts.filter((part) => part !== undefined)
  return [
    ...(secret === undefined ? [] : validateProjectedObject(secret, `${path}.secret`)),
    ...(configMap === undefined ? [] : validateProjectedObject(configMap, `${path}.configMap`)),
    ...(downwardAPI?.items ?? []).flatMap((file) => validateDownwardFile(file, `${path}.downwardAPI`)),
    ...(serviceAccountToken === undefined ? [] : validateToken(serviceAccountToken, path, volume)),
    ...(given.length > 1 ? [forbidden(path, 'may not specify more than 1 volume type')] : []),
  ]
}

function validateProjectedObject(
  { name, items = [] }: { name?: string | undefined; items?: KeyToPath[] | undefined },
  path: string,
): FieldError[] {
  return [...validateRequired(name, `${path}.name`), ...validateFiles({ items }, path)]
}

type ProjectedToken = NonNullable<Projection['serviceAccountToken']>

function validateToken(token: ProjectedToken, path: string, volume: string): FieldError[] {
  const { expirationSeconds: seconds = 0, path: file = '' } = token
  const secondsPath = `${path}.serviceAccountToken.expirationSeconds`
  const short = 'may not specify a duration less than 10 minutes'
  const long = 'may not specify a duration larger than 2^32 seconds'
  return [
    ...(seconds < 600 ? [invalid(secondsPath, seconds, short)] : []),
    ...(seconds > 2 ** 32 ? [invalid(secondsPath, seconds, long)] : []),
    ...(file === '' ? [required(`${volume}.path`)] : validateFilePath(file, `${volume}.path`)),
  ]
}
