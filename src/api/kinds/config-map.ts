import { ageColumn, nameColumn } from '../columns.ts'
import { invalid, tooLong, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import {
  type Data,
  decodedBytes,
  isBase64,
  maxDataBytes,
  textBytes,
  validateDataKeys,
  validateFrozen,
} from './data-keys.ts'

export interface ConfigMap extends KubeObject {
  immutable?: boolean
  data?: Record<string, string>
  /** Values in base64. */
  binaryData?: Record<string, string>
}

export const ConfigMaps: Resource<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  namespaced: true,
  shortNames: ['cm'],
}

export const configMapKind: Kind<ConfigMap> = {
  resource: ConfigMaps,
  schema: 'V1ConfigMap',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  validate: validateConfigMap,
  validateUpdate: (next, previous) => validateFrozen(next, previous, ['data', 'binaryData']),

  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'Number of entries, text and binary.',
      priority: 0,
      cell: ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    },
    ageColumn,
  ],
}

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors = [
    ...validateDataKeys(data, 'data'),
    ...validateNoKeyTwice(data, binaryData),
    ...validateDataKeys(binaryData, 'binaryData'),
    ...validateBinary(binaryData),
  ]
  const bytes = textBytes(data) + decodedBytes(binaryData)
  // The empty path stands for the whole object.
  return bytes > maxDataBytes ? [...errors, tooLong('[]', maxDataBytes)] : errors
}

function validateNoKeyTwice(data: Data, binaryData: Data): FieldError[] {
  return Object.keys(data)
    .filter((key) => Object.hasOwn(binaryData, key))
    .map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
}

function validateBinary(binaryData: Data): FieldError[] {
  return Object.entries(binaryData)
    .filter(([, value]) => !isBase64(value))
    .map(([key]) => invalid(`binaryData[${key}]`, '<contents omitted>', 'must be valid base64'))
}
