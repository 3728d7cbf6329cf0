import type { Resource } from '../api/resource.ts'
import type { KindRegistry, ServedForm } from './kind-registry.ts'
import type { Verb } from './request-info.ts'
import { subresources } from './subresources/index.ts'
import { virtualResources } from './virtual-resources.ts'

/** What clients can discover, in the order of serving: the source of both discovery formats. */
export interface CatalogueGroup {
  readonly name: string
  /** The preferred version first. */
  readonly versions: readonly CatalogueVersion[]
}

export interface CatalogueVersion {
  readonly version: string
  readonly resources: readonly CatalogueResource[]
}

export interface CatalogueResource {
  readonly resource: Resource
  readonly verbs: readonly Verb[]
  readonly subresources: readonly CatalogueSubresource[]
}

export interface CatalogueSubresource {
  readonly name: string
  /** The kind of its body, which may be of another group. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly verbs: readonly Verb[]
}

const allVerbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const keepingVerbs = allVerbs.filter((verb) => verb !== 'deletecollection')

export function catalogue(kinds: KindRegistry): readonly CatalogueGroup[] {
  const virtual = virtualResources.map(({ resource }) => ({ resource, verbs: ['create'] as const, subresources: [] }))
  const groups = Map.groupBy([...kinds.all().map(catalogueResource), ...virtual], ({ resource }) => resource.group)
  return [...groups].map(([name, ofGroup]) => ({
    name,
    versions: [...Map.groupBy(ofGroup, ({ resource }) => resource.version)].map(([version, resources]) => ({ version, resources })),
  }))
}

function catalogueResource({ resource, kind }: ServedForm): CatalogueResource {
  const own = subresources.filter((subresource) => subresource.appliesTo({ kind }))
  return {
    resource,
    verbs: kind.keepsCollection === true ? keepingVerbs : allVerbs,
    subresources: own.map(({ name, group, version, kind: ownKind, verbs: ownVerbs }) => ({
      name,
      kind: {
        group: group ?? resource.group,
        version: version ?? resource.version,
        kind: ownKind === '' ? resource.kind : ownKind,
      },
      verbs: ownVerbs,
    })),
  }
}
