import { StatusError, type Status } from '../../api/errors.ts'
import type { PolicyRule } from '../../api/kinds/rbac/policy-rule.ts'
import type { Subject } from '../../api/kinds/rbac/binding.ts'
import { apiVersionOf, resourcePath } from '../../api/resource.ts'
import type { TestApi } from '../test-api.ts'
import type { User } from '../request.ts'
import { ensureDefaultRoles, type RoleClient } from './default-roles/ensure-default-roles.ts'
import { RbacIndex } from './rbac-index.ts'

/** Builders for tests of this folder. */

export function userNamed(name: string, ...groups: string[]): User {
  return { name, groups: [...groups, 'system:authenticated'] }
}

export function nodeUser(name: string): User {
  return userNamed(`system:node:${name}`, 'system:nodes')
}

export const readPods: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }

const common = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: '' }
const meta = (name: string, namespace?: string) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...(namespace !== undefined && { namespace }),
})

export interface PolicyInput {
  /** `name` or `namespace/name`. */
  readonly roles?: Readonly<Record<string, readonly PolicyRule[]>>
  readonly bindings?: readonly {
    readonly name: string
    readonly namespace?: string
    /** `Role/name` or `ClusterRole/name`. */
    readonly role: string
    /** `User/ada`, `Group/team`, `ServiceAccount/web` or `ServiceAccount/ns/web`. */
    readonly to: readonly string[]
  }[]
}

/** An index of roles, of a namespace or of the cluster, and of bindings. */
export function policy({ roles = {}, bindings = [] }: PolicyInput): RbacIndex {
  const index = new RbacIndex()
  for (const [key, rules] of Object.entries(roles)) {
    const [name = '', namespace] = key.split('/').reverse()
    const role = { ...common, metadata: meta(name, namespace), rules: [...rules] }
    if (namespace === undefined) index.observeClusterRole(undefined, role)
    else index.observeRole(undefined, role)
  }
  for (const { name, namespace, role, to } of bindings) {
    const [kind = '', roleName = ''] = role.split('/')
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: roleName }
    const metadata = meta(name, namespace)
    index.observeBinding(undefined, { ...common, metadata, roleRef, subjects: to.map(subjectOf) })
  }
  return index
}

function subjectOf(text: string): Subject {
  const [kind = '', ...rest] = text.split('/')
  const [name = '', namespace] = rest.reverse()
  return { kind, name, ...(namespace !== undefined && { namespace }) }
}

/** The default roles in a test's API. */
export async function withDefaultRoles(api: TestApi): Promise<TestApi> {
  await ensureDefaultRoles(roleClient(api))
  return api
}

/** The API as `ensureDefaultRoles` asks it, as an administrator. */
export function roleClient(api: TestApi): RoleClient {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await api.request(method, path, body)
    if (answer.code < 400) return answer.body as T
    const { code, reason = '', message = '', details } = answer.body as unknown as Status
    throw new StatusError(code, reason, message, details)
  }
  return {
    get: (resource, { name }) => ask('GET', resourcePath(resource, { name })),
    create: (resource, object) =>
      ask('POST', resourcePath(resource), { kind: resource.kind, apiVersion: apiVersionOf(resource), ...object }),
    update: (resource, object) => ask('PUT', resourcePath(resource, { name: object.metadata.name }), object),
  }
}
