import { apiVersionOf } from '../api/resource.ts'
import { catalogue, type CatalogueGroup, type CatalogueResource } from './discovery-catalogue.ts'
import type { KindRegistry } from './kind-registry.ts'

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
  const named = catalogue(kinds).filter(({ name }) => name !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(describeGroup) }
}

/** `/apis/GROUP`; undefined if there is no such group. */
export function apiGroup(kinds: KindRegistry, group: string) {
  const found = catalogue(kinds).find(({ name }) => name === group && name !== '')
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) }
}

/** `/api/v1`, `/apis/GROUP/VERSION`; undefined if nothing is served there. */
export function resourceList(kinds: KindRegistry, group: string, version: string) {
  const versions = catalogue(kinds).find(({ name }) => name === group)?.versions
  const served = versions?.find((candidate) => candidate.version === version)?.resources
  if (served === undefined) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: served.flatMap((resource) => [describeResource(resource), ...describeSubresources(resource)]),
  }
}

function describeGroup({ name, versions }: CatalogueGroup) {
  const described = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }))
  return { name, versions: described, preferredVersion: described[0] }
}

function describeResource({ resource, verbs }: CatalogueResource) {
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

function describeSubresources({ resource, subresources }: CatalogueResource) {
  return subresources.map(({ name, kind, verbs }) => ({
    name: `${resource.plural}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...((kind.group !== resource.group || kind.version !== resource.version) && { group: kind.group, version: kind.version }),
    kind: kind.kind,
    verbs,
  }))
}
