import type { KindsByType } from './definitions.ts'
import type { ApiPath } from './operations.ts'
import type { GroupVersionKind, ServedResource } from './served-resource.ts'

/** Which types are kinds that clients may name: those served, their lists, and what every group takes or answers. */
export function kindsByType(served: readonly ServedResource[]): KindsByType {
  const kinds = new Map<string, GroupVersionKind[]>()
  const add = (type: string, kind: GroupVersionKind): void => {
    const known = kinds.get(type) ?? []
    const isKnown = known.some((other) => other.group === kind.group && other.version === kind.version)
    if (!isKnown) kinds.set(type, [...known, kind])
  }
  add('V1Status', { group: '', version: 'v1', kind: 'Status' })
  for (const { resource, type, subresources, isVirtual } of served) {
    const { group, version, kind } = resource
    add(type, { group, version, kind })
    if (isVirtual === true) continue
    add(`${type}List`, { group, version, kind: `${kind}List` })
    add('V1DeleteOptions', { group, version, kind: 'DeleteOptions' })
    for (const subresource of subresources) {
      if (subresource.type !== undefined && subresource.type !== type) add(subresource.type, subresource.kind)
    }
  }
  return kinds
}

/** The types that the operations of these paths name, besides `patch`. */
export function typesOf(served: readonly ServedResource[], paths: readonly ApiPath[]): string[] {
  const named = paths.flatMap(({ operations }) => operations.flatMap((o) => [o.requestType, o.responseType]))
  const types = [...served.map(({ type }) => type), ...named]
  return [...new Set(types)].filter((type): type is string => type !== undefined && type !== 'patch')
}
