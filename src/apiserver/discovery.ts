import { apiVersionOf } from '../api/resource.ts'
import type { KindRegistry, ServedForm } from './kind-registry.ts'
import { subresources } from './subresources/index.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** `/api`: the versions of the core group. */
export function coreVersions(serverAddress: string) {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`: the named groups. */
export function groupList(kinds: KindRegistry) {
  const groups = groupVersions(kinds).filter(([group]) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(([group, versions]) => describeGroup(group, versions)) }
}

/** `/apis/GROUP`; undefined if there is no such group. */
export function apiGroup(kinds: KindRegistry, group: string) {
  const found = groupVersions(kinds).find(([name]) => name === group && name !== '')
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(...found) }
}

/** `/api/v1`, `/apis/GROUP/VERSION`; undefined if nothing is served there. */
export function resourceList(kinds: KindRegistry, group: string, version: string) {
  const served = kinds.all().filter(({ resource }) => resource.group === group && resource.version === version)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: served.flatMap((form) => [describeResource(form), ...describeSubresources(form)]),
  }
}

function groupVersions(kinds: KindRegistry): [group: string, versions: string[]][] {
  const groups = new Map<string, Set<string>>()
  for (const { resource } of kinds.all()) {
    const versions = groups.get(resource.group) ?? new Set()
    groups.set(resource.group, versions.add(resource.version))
  }
  return [...groups].map(([group, versions]) => [group, [...versions]])
}

function describeGroup(name: string, versions: readonly string[]) {
  const described = versions.map((version) => ({ groupVersion: apiVersionOf({ group: name, version }), version }))
  return { name, versions: described, preferredVersion: described[0] }
}

function describeResource({ resource }: ServedForm) {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs,
    ...(resource.shortNames && { shortNames: resource.shortNames }),
    ...(resource.categories && { categories: resource.categories }),
  }
}

function describeSubresources({ resource, kind }: ServedForm) {
  return subresources
    .filter((subresource) => subresource.appliesTo({ kind }))
    .map((subresource) => ({
      name: `${resource.plural}/${subresource.name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(subresource.group !== undefined && { group: subresource.group, version: subresource.version }),
      kind: subresource.kind === '' ? resource.kind : subresource.kind,
      verbs: subresource.verbs,
    }))
}
