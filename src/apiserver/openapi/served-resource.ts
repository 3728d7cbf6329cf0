import type { Resource } from '../../api/resource.ts'
import type { Verb } from '../request-info.ts'
import type { ServedForm } from '../kind-registry.ts'
import type { Subresource } from '../subresources/subresource.ts'
import type { VirtualResource } from '../virtual-resource.ts'

/** One resource as OpenAPI describes it. */
export interface ServedResource {
  readonly resource: Resource
  /** Its type in the schema. */
  readonly type: string
  readonly subresources: readonly ServedSubresource[]
  /** Nothing of it is stored: it is created, and that is all. */
  readonly isVirtual?: boolean
  /** Its collection cannot be deleted. */
  readonly keepsCollection?: boolean
}

export interface ServedSubresource {
  readonly name: string
  readonly kind: GroupVersionKind
  /** Its body's type in the schema; absent where bodies are streams. */
  readonly type: string | undefined
  readonly verbs: readonly Verb[]
}

export type GroupVersionKind = Pick<Resource, 'group' | 'version' | 'kind'>

/** Types of subresources that are objects of a kind of their own. */
const ownTypes = new Map([
  ['Scale', 'V1Scale'],
  ['Binding', 'V1Binding'],
  ['Eviction', 'V1Eviction'],
  ['TokenRequest', 'AuthenticationV1TokenRequest'],
])

export function servedResource(form: ServedForm, subresources: readonly Subresource[]): ServedResource {
  return {
    resource: form.resource,
    type: form.schema,
    keepsCollection: form.kind.keepsCollection === true,
    subresources: subresources
      .filter((subresource) => subresource.appliesTo({ kind: form.kind }))
      .map((subresource) => served(subresource, form)),
  }
}

export function servedVirtual({ resource, schema }: VirtualResource): ServedResource {
  return { resource, type: schema, subresources: [], isVirtual: true }
}

/** A subresource without a kind of its own has its object's. */
function served(subresource: Subresource, { resource, schema }: ServedForm): ServedSubresource {
  const { name, kind: ownKind, group, version, verbs } = subresource
  const isWhole = ownKind === '' || (ownKind === resource.kind && verbs.includes('update'))
  return {
    name,
    kind: {
      group: group ?? resource.group,
      version: version ?? resource.version,
      kind: ownKind === '' ? resource.kind : ownKind,
    },
    type: isWhole ? schema : ownTypes.get(ownKind),
    verbs,
  }
}
