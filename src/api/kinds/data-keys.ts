/** Rules that the contents of ConfigMaps and Secrets share. */
import { semanticallyEqual } from '../equality.ts'
import { forbidden, type FieldError } from '../field-error.ts'
import { isConfigMapKey } from '../names.ts'
import { checked } from './values.ts'

/** What all values of one ConfigMap or Secret may take together, in bytes. */
export const maxDataBytes = 1024 * 1024

export type Data = Readonly<Record<string, string>>

export function validateDataKeys(data: Data, path: string): FieldError[] {
  return Object.keys(data).flatMap((key) => checked(key, `${path}[${key}]`, isConfigMapKey))
}

/** How many bytes values in base64 stand for. */
export function decodedBytes(data: Data): number {
  return Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0)
}

export function textBytes(data: Data): number {
  return Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
}

/** Once `immutable` is set, neither it nor the contents may change. */
export function validateFrozen<T extends { immutable?: boolean }>(
  next: T,
  previous: T,
  contents: readonly (keyof T & string)[],
): FieldError[] {
  if (previous.immutable !== true) return []
  const changed = contents.filter((field) => !semanticallyEqual(next[field], previous[field]))
  const fields = next.immutable === true ? changed : ['immutable', ...changed]
  return fields.map((field) => forbidden(field, 'field is immutable when `immutable` is set'))
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Whether a value is base64 with padding, in the standard alphabet; line breaks are allowed, as in Go. */
export function isBase64(value: string): boolean {
  return base64.test(value.replaceAll(/[\r\n]/g, ''))
}
