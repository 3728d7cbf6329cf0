/** The paths and operations of the API, free of how an OpenAPI version writes them. */
import { apiVersionOf, type Resource } from '../../api/resource.ts'
import type { Verb } from '../request-info.ts'
import type { Action } from './query-parameters.ts'
import type { GroupVersionKind, ServedResource, ServedSubresource } from './served-resource.ts'

export interface ApiPath {
  /** `/api/v1/namespaces/{namespace}/services/{name}` */
  readonly path: string
  readonly pathParameters: readonly ('namespace' | 'name')[]
  /** What `{name}` is the name of. */
  readonly kind: string
  readonly operations: readonly Operation[]
}

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  readonly action: Action
  readonly id: string
  readonly tag: string
  readonly description: string
  readonly kind: GroupVersionKind
  /** Types in the schema; `patch` stands for what PATCH carries. */
  readonly requestType: string | undefined
  readonly responseType: string | undefined
}

type Draft = Omit<Operation, 'id' | 'tag' | 'kind'> & { readonly verb: string; readonly kind?: GroupVersionKind }

/** The media types of patches that are served. */
export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** All paths of a resource. */
export function pathsOf(served: ServedResource): ApiPath[] {
  const { resource } = served
  const root = resource.group === '' ? '/api' : '/apis'
  const base = `${root}/${apiVersionOf(resource)}`
  const scoped = `${base}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`
  const scope = resource.namespaced ? (['namespace'] as const) : []
  const collection = { path: scoped, pathParameters: scope, kind: resource.kind }
  if (served.isVirtual === true) return [{ ...collection, operations: [complete(creation(served), resource)] }]
  const object = { path: `${scoped}/{name}`, pathParameters: ['name', ...scope] as const, kind: resource.kind }
  const everywhere: ApiPath = {
    path: `${base}/${resource.plural}`,
    pathParameters: [],
    kind: resource.kind,
    operations: [complete(listing(served), resource, 'ForAllNamespaces')],
  }
  return [
    { ...collection, operations: collectionOperations(served) },
    ...(resource.namespaced ? [everywhere] : []),
    { ...object, operations: objectOperations(served) },
    ...served.subresources.map((subresource) => ({
      ...object,
      path: `${object.path}/${subresource.name}`,
      operations: subresourceOperations(subresource, resource),
    })),
  ]
}

function collectionOperations(served: ServedResource): Operation[] {
  const { resource, keepsCollection } = served
  const deletion: Draft = {
    verb: 'deleteCollection',
    method: 'delete',
    action: 'deletecollection',
    description: `delete collection of ${resource.kind}`,
    requestType: 'V1DeleteOptions',
    responseType: 'V1Status',
  }
  const drafts = [listing(served), creation(served), ...(keepsCollection === true ? [] : [deletion])]
  return drafts.map((draft) => complete(draft, resource))
}

function creation({ resource, type }: ServedResource): Draft {
  return {
    verb: 'create',
    method: 'post',
    action: 'post',
    description: `create a ${resource.kind}`,
    requestType: type,
    responseType: type,
  }
}

function listing({ resource, type }: ServedResource): Draft {
  return {
    verb: 'list',
    method: 'get',
    action: 'list',
    description: `list or watch objects of kind ${resource.kind}`,
    requestType: undefined,
    responseType: `${type}List`,
  }
}

function objectOperations({ resource, type }: ServedResource): Operation[] {
  const verbs: Verb[] = ['get', 'update', 'patch', 'delete']
  return verbs.map((verb) => complete(objectOperation(verb, type, `the specified ${resource.kind}`), resource))
}

function subresourceOperations({ name, kind, type, verbs }: ServedSubresource, resource: Resource): Operation[] {
  const suffix = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  return verbs.map((verb) => {
    const draft = objectOperation(verb, type, `${name} of the specified ${resource.kind}`)
    const action = type === undefined ? 'connect' : draft.action
    return complete({ ...draft, action, kind }, resource, suffix)
  })
}

function objectOperation(verb: Verb, type: string | undefined, what: string): Draft {
  const answer = { requestType: undefined, responseType: type }
  switch (verb) {
    case 'update':
      return {
        ...answer,
        verb: 'replace',
        method: 'put',
        action: 'put',
        description: `replace ${what}`,
        requestType: type,
      }
    case 'patch':
      return { ...answer, verb, method: 'patch', action: 'patch', description: `patch ${what}`, requestType: 'patch' }
    case 'create':
      return { ...answer, verb, method: 'post', action: 'post', description: `create ${what}`, requestType: type }
    case 'delete':
      return {
        verb,
        method: 'delete',
        action: 'delete',
        description: `delete ${what}`,
        requestType: 'V1DeleteOptions',
        responseType: 'V1Status',
      }
    case 'get':
    case 'list':
    case 'watch':
    case 'deletecollection':
      return { ...answer, verb: 'read', method: 'get', action: 'get', description: `read ${what}` }
    default:
      return verb satisfies never
  }
}

function complete({ verb, ...draft }: Draft, resource: Resource, suffix = ''): Operation {
  const { group, version, kind } = resource
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.')
  const groupName = words.map((word, index) => (index === 0 ? word : capitalized(word))).join('')
  const scope = resource.namespaced && suffix !== 'ForAllNamespaces' ? 'Namespaced' : ''
  return {
    ...draft,
    kind: draft.kind ?? { group, version, kind },
    tag: `${groupName}_${version}`,
    id: `${verb}${capitalized(groupName)}${capitalized(version)}${scope}${kind}${suffix}`,
  }
}

function capitalized(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
}
