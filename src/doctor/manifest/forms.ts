import type { Kind, View } from '../../api/kind.ts'
import { kinds, kindsWithoutControllers, views } from '../../api/kinds/index.ts'
import { apiVersionOf } from '../../api/resource.ts'

/** A kind as manifests name it: under its own version, or one of old. */
export interface Form {
  readonly apiVersion: string
  readonly name: string
  readonly plural: string
  /** Name of its type in the schema. */
  readonly schema: string
  readonly kind: Kind
  readonly view: View | undefined
}

/** All that can be applied; those of today first. */
export const forms: readonly Form[] = [
  ...[...kinds, ...kindsWithoutControllers.map(({ kind }) => kind)].map((kind) => form(kind, undefined, kind)),
  ...views.map((view) => form(view, view, view.kind)),
]

function form({ resource, schema }: Pick<Kind, 'resource' | 'schema'>, view: View | undefined, kind: Kind): Form {
  return { apiVersion: apiVersionOf(resource), name: resource.kind, plural: resource.plural, schema, kind, view }
}
