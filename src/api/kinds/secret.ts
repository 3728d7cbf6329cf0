import { ageColumn, nameColumn } from '../columns.ts'
import { invalid, required, tooLong, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import { type Data, decodedBytes, isBase64, maxDataBytes, validateDataKeys, validateFrozen } from './data-keys.ts'
import { validateImmutable } from './values.ts'

export interface Secret extends KubeObject {
  immutable?: boolean
  type?: string
  /** Values in base64. */
  data?: Record<string, string>
  /** Write-only: moved into `data`, in base64, before the object is stored. */
  stringData?: Record<string, string>
}

export const Secrets: Resource<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
}

export const secretKind: Kind<Secret> = {
  resource: Secrets,
  schema: 'V1Secret',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  setDefaults(secret) {
    secret.type ??= 'Opaque'
    if (secret.type === '') secret.type = 'Opaque'
    if (secret.stringData === undefined) return
    secret.data = { ...secret.data, ...encodeAll(secret.stringData) }
    delete secret.stringData
  },

  validate: (secret) => [...validateData(secret.data ?? {}), ...validateByType(secret)],
  validateUpdate: (next, previous) => [
    ...validateImmutable(next.type, previous.type, 'type'),
    ...validateFrozen(next, previous, ['data']),
  ],

  columns: [
    nameColumn,
    {
      name: 'Type',
      type: 'string',
      description: 'What the contents are for.',
      priority: 0,
      cell: ({ type = '' }) => type,
    },
    {
      name: 'Data',
      type: 'string',
      description: 'Number of entries.',
      priority: 0,
      cell: ({ data = {} }) => Object.keys(data).length,
    },
    ageColumn,
  ],
  selectableFields: ({ type = '' }) => ({ type }),
  selectableFieldNames: ['type'],
}

function encodeAll(stringData: Data): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
}

function validateData(data: Data): FieldError[] {
  const errors = [...validateDataKeys(data, 'data'), ...validateBase64(data)]
  return decodedBytes(data) > maxDataBytes ? [...errors, tooLong('data', maxDataBytes)] : errors
}

function validateBase64(data: Data): FieldError[] {
  return Object.entries(data)
    .filter(([, value]) => !isBase64(value))
    .map(([key]) => invalid(entry(key), redacted, 'must be valid base64'))
}

const redacted = '<secret contents redacted>'

/** What each type of secret must hold (core/v1 `SecretType`). */
function validateByType({ type, data = {}, metadata }: Secret): FieldError[] {
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const annotation = 'kubernetes.io/service-account.name'
      const account = metadata.annotations?.[annotation] ?? ''
      return account === '' ? [required(`metadata.annotations[${annotation}]`)] : []
    }
    case 'kubernetes.io/dockercfg':
      return validateJsonEntry(data, '.dockercfg')
    case 'kubernetes.io/dockerconfigjson':
      return validateJsonEntry(data, '.dockerconfigjson')
    case 'kubernetes.io/basic-auth':
      return 'username' in data || 'password' in data ? [] : missing(data, ['username', 'password'])
    case 'kubernetes.io/ssh-auth':
      return (data['ssh-privatekey'] ?? '') === '' ? [required(entry('ssh-privatekey'))] : []
    case 'kubernetes.io/tls':
      return missing(data, ['tls.crt', 'tls.key'])
    default:
      return []
  }
}

function missing(data: Data, keys: readonly string[]): FieldError[] {
  return keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(entry(key)))
}

function validateJsonEntry(data: Data, key: string): FieldError[] {
  const value = data[key]
  if (value === undefined) return [required(entry(key))]
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64').toString())
    const isMap = typeof parsed === 'object' && !Array.isArray(parsed)
    return isMap ? [] : [invalid(entry(key), redacted, 'must be a JSON object')]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The parser's own message quotes the text, which is secret.
    return [invalid(entry(key), redacted, 'must be valid JSON')]
  }
}

function entry(key: string): string {
  return `data[${key}]`
}
