/** Rules for file paths in volumes and mounts. They are paths on Linux nodes. */
import { invalid, type FieldError } from '../../field-error.ts'

/** A path inside of some folder, which it cannot leave. */
export function validateDescendingPath(value: string, path: string): FieldError[] {
  const absolute = value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []
  return [...absolute, ...validateNoBacksteps(value, path)]
}

/** The same for names of files in a volume: those that start with two dots are the kubelet's own. */
export function validateFilePath(value: string, path: string): FieldError[] {
  const errors = validateDescendingPath(value, path)
  const isReserved = value.startsWith('..') && !value.startsWith('../') && value !== '..'
  return isReserved ? [...errors, invalid(path, value, "must not start with '..'")] : errors
}

export function validateNoBacksteps(value: string, path: string): FieldError[] {
  return value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : []
}

/** Permissions of a file. */
export function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  return [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}
