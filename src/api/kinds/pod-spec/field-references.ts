/** References from environment and files to fields of the pod itself (the downward API). */
import type { V1ObjectFieldSelector, V1ResourceFieldSelector } from '@kubernetes/client-node'
import { invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { parseQuantity, QuantityError } from '../../quantity.ts'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'
import { validateQualifiedName } from '../values.ts'

export type FieldReference = Unchecked<Wire<V1ObjectFieldSelector>>
export type ResourceReference = Unchecked<Wire<V1ResourceFieldSelector>>

export const envFieldPaths: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

export const fileFieldPaths: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** Every path that either of them knows, or another reader of pods did. */
const knownFieldPaths = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
])

const resourceNames: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

export function validateFieldReference(
  { apiVersion = '', fieldPath = '' }: FieldReference,
  allowed: readonly string[],
  path: string,
): FieldError[] {
  if (apiVersion === '') return [required(`${path}.apiVersion`)]
  if (fieldPath === '') return [required(`${path}.fieldPath`)]
  const unknown = apiVersion === 'v1' ? unknownField(fieldPath) : `unsupported pod version: ${apiVersion}`
  if (unknown !== undefined) return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${unknown}`)]
  const { field, key } = splitSubscript(fieldPath)
  if (key !== undefined) return validateQualifiedName(field === 'metadata.annotations' ? key.toLowerCase() : key, path)
  return allowed.includes(field) ? [] : [notSupported(`${path}.fieldPath`, field, allowed)]
}

function unknownField(fieldPath: string): string | undefined {
  const { field, key } = splitSubscript(fieldPath)
  if (key !== undefined) {
    const hasKeys = field === 'metadata.annotations' || field === 'metadata.labels'
    return hasKeys ? undefined : `field label does not support subscript: ${fieldPath}`
  }
  return knownFieldPaths.has(field) ? undefined : `field label not supported: ${fieldPath}`
}

/** `metadata.labels['app']` is the key `app` of a map. */
function splitSubscript(fieldPath: string): { field: string; key: string | undefined } {
  const [, field, key] = /^(.*?)\['(.*)'\]$/.exec(fieldPath) ?? []
  return field === undefined ? { field: fieldPath, key: undefined } : { field, key }
}

/** `isFile`: outside of a container it must be said whose resources are meant. */
export function validateResourceReference(
  { containerName = '', resource = '', divisor }: ResourceReference,
  isFile: boolean,
  path: string,
): FieldError[] {
  return [
    ...(isFile && containerName === '' ? [required(`${path}.containerName`)] : validateResourceName(resource, path)),
    ...validateDivisor(resource, divisor, path),
  ]
}

function validateResourceName(resource: string, path: string): FieldError[] {
  if (resource === '') return [required(`${path}.resource`)]
  if (resourceNames.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return []
  return [notSupported(`${path}.resource`, resource, resourceNames)]
}

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

function validateDivisor(resource: string, divisor: string | undefined, path: string): FieldError[] {
  if (divisor === undefined || isZero(divisor)) return []
  const [, name = ''] = resource.split('.')
  const what = divisorSubject(name)
  const allowed = name === 'cpu' ? ['1m', '1'] : byteDivisors
  if (what === '' || allowed.includes(divisor)) return []
  const list = name === 'cpu' ? allowed.join(' and ') : allowed.join(', ')
  const problem = `only divisor's values ${list} are supported with the ${what} resource`
  return [invalid(`${path}.divisor`, resource, problem)]
}

function divisorSubject(name: string): string {
  if (name.startsWith('hugepages-')) return 'hugepages'
  return name === 'ephemeral-storage' ? 'local ephemeral storage' : name
}

function isZero(quantity: string): boolean {
  try {
    return parseQuantity(quantity).nanos === 0n
  } catch (error) {
    if (error instanceof QuantityError) return false
    throw error
  }
}
