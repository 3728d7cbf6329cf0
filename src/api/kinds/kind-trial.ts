/** Runs a kind's rules as the server does, without a server. For tests. */
import { describeFieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf } from '../resource.ts'

/** The object as it would be stored; whether it is valid is not looked at. `draft` is left alone. */
export function created<T extends KubeObject>(kind: Kind<T>, draft: object): T {
  const object = decoded(kind, draft)
  kind.prepareCreate?.(object)
  kind.setDefaults?.(object)
  return object
}

/** Everything that is wrong with an object, worded as in a `Status`. */
export function createProblems<T extends KubeObject>(kind: Kind<T>, draft: object): string[] {
  return kind.validate(created(kind, draft)).map(describeFieldError)
}

/** The object as it would be stored after a write of `draft` over `previous`. */
export function updated<T extends KubeObject>(kind: Kind<T>, previous: T, draft: object): T {
  const next = decoded(kind, draft)
  kind.prepareUpdate?.(next, previous)
  kind.setDefaults?.(next)
  return next
}

export function updateProblems<T extends KubeObject>(kind: Kind<T>, previous: T, draft: object): string[] {
  const next = updated(kind, previous, draft)
  return [...kind.validate(next), ...(kind.validateUpdate?.(next, previous) ?? [])].map(describeFieldError)
}

/** The texts of Warning headers with the answer to a create. */
export function createWarnings<T extends KubeObject>(kind: Kind<T>, draft: object): string[] {
  return kind.warnings?.(created(kind, draft), undefined) ?? []
}

export function updateWarnings<T extends KubeObject>(kind: Kind<T>, previous: T, draft: object): string[] {
  return kind.warnings?.(updated(kind, previous, draft), previous) ?? []
}

/** The cells of an object's row, by column; `now` is a minute after the object was created. */
export function row<T extends KubeObject>(kind: Kind<T>, object: T): Record<string, string | number | boolean> {
  const now = new Date('2026-01-01T00:01:00Z')
  return Object.fromEntries(kind.columns.map((column) => [column.name, column.cell(object, now)]))
}

function decoded<T extends KubeObject>(kind: Kind<T>, draft: object): T {
  const { resource } = kind
  const given = structuredClone(draft) as { metadata?: object }
  const metadata = {
    name: 'web',
    uid: 'f9b1a3c0-0000-4000-8000-000000000000',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(resource.namespaced ? { namespace: 'default' } : {}),
    ...given.metadata,
  }
  return { ...given, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata } as unknown as T
}
