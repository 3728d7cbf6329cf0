import { createHash } from 'node:crypto'
import { catalogue, type CatalogueGroup, type CatalogueResource } from './discovery-catalogue.ts'
import type { KindRegistry } from './kind-registry.ts'
import { parseAccept } from './negotiate.ts'
import type { ApiResponse } from './request.ts'

const parameters = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/**
 * `/api` or `/apis` with everything below it in one answer (KEP-3352), for clients that ask for it; undefined for others,
 * which get the list of groups and ask on.
 */
export function aggregatedDiscovery(kinds: KindRegistry, path: string, accept: string): ApiResponse | undefined {
  if (path !== '/api' && path !== '/apis') return undefined
  if (!parseAccept(accept).some(isAsked)) return undefined
  const groups = catalogue(kinds).filter(({ name }) => (name === '') === (path === '/api'))
  const body = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items: groups.map(describeGroup) }
  const text = JSON.stringify(body)
  // Clients keep it, and ask with the tag whether it is still so.
  const etag = JSON.stringify(createHash('sha512').update(text).digest('hex').toUpperCase())
  return { status: 200, contentType: `application/json;${parameters}`, body: text, headers: { etag, vary: 'Accept' } }
}

function isAsked({ type, parameters: given }: ReturnType<typeof parseAccept>[number]): boolean {
  if (type !== 'application/json') return false
  return parameters.split(';').every((pair) => given.get(pair.split('=')[0] ?? '') === pair.split('=')[1])
}

function describeGroup({ name, versions }: CatalogueGroup) {
  return {
    metadata: { name, creationTimestamp: null },
    versions: versions.map(({ version, resources }) => ({
      version,
      resources: resources.map(describeResource),
      freshness: 'Current',
    })),
  }
}

function describeResource({ resource, verbs, subresources }: CatalogueResource) {
  return {
    resource: resource.plural,
    responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs,
    ...(resource.shortNames && { shortNames: resource.shortNames }),
    ...(resource.categories && { categories: resource.categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map(({ name, kind, verbs: ownVerbs }) => ({ subresource: name, responseKind: kind, verbs: ownVerbs })),
    }),
  }
}
