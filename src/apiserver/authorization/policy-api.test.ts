import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClusterRole } from '../../api/kinds/cluster-role.ts'
import { anonymous } from '../authentication/anonymous.ts'
import type { User } from '../request.ts'
import { type Answer, testApi, type TestApi } from '../test-api.ts'
import { defaultBindings, defaultRoles, ensureDefaultRoles } from './default-roles/ensure-default-roles.ts'
import { readPods, roleClient, userNamed, withDefaultRoles } from './test-policy.ts'

const group = '/apis/rbac.authorization.k8s.io/v1'
const roles = `${group}/namespaces/default/roles`
const bindings = `${group}/namespaces/default/rolebindings`
const clusterRoles = `${group}/clusterroles`
const clusterBindings = `${group}/clusterrolebindings`
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const ada = userNamed('ada')

let api: TestApi
beforeAll(async () => {
  api = await withDefaultRoles(await testApi())
  await bind('ada-edits', 'edit', ada.name)
  await bind('ada-manages-roles', 'manage-roles', ada.name, [
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['create', 'update', 'get'] },
    readPods,
  ])
})
afterAll(() => api[Symbol.asyncDispose]())

/** Binds a ClusterRole, perhaps a new one, to a user everywhere. */
async function bind(name: string, role: string, user: string, rules?: readonly object[]): Promise<void> {
  if (rules !== undefined) await api.request('POST', clusterRoles, { metadata: { name: role }, rules })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }
  const body = { metadata: { name }, roleRef, subjects: [{ kind: 'User', name: user }] }
  await api.request('POST', clusterBindings, body)
}

function ask(user: User, method: string, path: string, body?: unknown): Promise<Answer> {
  return api.request(method, path, body, { user })
}

describe('the default roles', () => {
  test('are there with what upstream says of them', async () => {
    const { body } = await api.request('GET', `${clusterRoles}/view`)
    expect(body['metadata']).toMatchObject({
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' },
    })
    expect(body['aggregationRule']).toEqual({
      clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }],
    })
    expect(defaultRoles.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['cluster-admin', 'admin', 'edit', 'view', 'system:discovery', 'system:basic-user']),
    )
  })

  test('hold no binding to a role that is not there', () => {
    const names = defaultRoles.map(({ metadata }) => metadata.name)
    for (const { roleRef } of defaultBindings) expect(names).toContain(roleRef.name)
  })

  test('are written once, given back what they lack, and left alone where somebody says so', async () => {
    await using own = await withDefaultRoles(await testApi())
    const client = roleClient(own)
    const before = own.context.objects.store.revision
    await ensureDefaultRoles(client)
    expect(own.context.objects.store.revision).toBe(before)

    const change = async (name: string, next: (role: ClusterRole) => object) => {
      const { body } = await own.request('GET', `${clusterRoles}/${name}`)
      return own.request('PUT', `${clusterRoles}/${name}`, next(body as unknown as ClusterRole))
    }
    await change('system:discovery', (role) => ({ ...role, rules: [readPods] }))
    await change('system:basic-user', (role) => ({
      ...role,
      metadata: { ...role.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
      rules: [],
    }))
    await ensureDefaultRoles(client)
    const [discovery, basic] = await Promise.all(
      ['system:discovery', 'system:basic-user'].map(async (name) => (await own.request('GET', `${clusterRoles}/${name}`)).body['rules']),
    )
    expect(discovery).toEqual([readPods, expect.objectContaining({ nonResourceURLs: expect.arrayContaining(['/api', '/version']) })])
    expect(basic ?? []).toEqual([])
  })

  for (const [name, user, path, code] of [
    ['anybody reads the version', anonymous, '/version', 200],
    ['anybody reads health', anonymous, '/livez', 200],
    ['nobody unknown discovers', anonymous, '/api', 403],
    ['everybody known discovers', ada, '/apis', 200],
    ['everybody known reads the schema', ada, '/openapi/v3', 200],
    ['only accounts in the cluster read the issuer', ada, '/.well-known/openid-configuration', 403],
    ['accounts read the issuer', userNamed('x', 'system:serviceaccounts'), '/.well-known/openid-configuration', 200],
    ['nodes read the services of all', userNamed('system:node:edge', 'system:nodes'), '/apis/discovery.k8s.io/v1/endpointslices', 200],
    ['nodes read nodes', userNamed('system:node:edge', 'system:nodes'), '/api/v1/nodes', 200],
    ['nodes read the Lease of the edge', userNamed('system:node:node-1', 'system:nodes'), `${leases}?fieldSelector=metadata.name%3Dedge`, 200],
    ['nodes read no other Lease', userNamed('system:node:node-1', 'system:nodes'), `${leases}?fieldSelector=metadata.name%3Dnode-2`, 403],
    ['nodes do not list Leases', userNamed('system:node:node-1', 'system:nodes'), leases, 403],
    ['nodes read no secrets of others', userNamed('system:node:node-1', 'system:nodes'), '/api/v1/secrets', 403],
    ['nodes read no Ingresses', userNamed('system:node:node-1', 'system:nodes'), '/apis/networking.k8s.io/v1/ingresses', 403],
    ['the edge reads Secrets for Ingresses', userNamed('system:node:edge', 'system:nodes'), '/api/v1/secrets', 200],
  ] as const) {
    test(name, async () => {
      expect((await api.text(path, { user })).code).toBe(code)
    })
  }

  test('a path that one may not have is refused in upstream’s words', async () => {
    expect((await ask(ada, 'GET', '/metrics')).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'forbidden: User "ada" cannot get path "/metrics"',
      reason: 'Forbidden',
      details: {},
      code: 403,
    })
  })
})

describe('a role is refused that holds more than its author has', () => {
  const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }

  test('by create', async () => {
    const { code, body } = await ask(ada, 'POST', roles, { metadata: { name: 'more' }, rules: [readPods, secrets] })
    expect(code).toBe(403)
    expect(body['message']).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "ada" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    )
    expect((await ask(ada, 'POST', roles, { metadata: { name: 'less' }, rules: [readPods] })).code).toBe(201)
  })

  test('by update, which may take away and may clean up', async () => {
    const path = `${roles}/some`
    await api.request('POST', roles, { metadata: { name: 'some', finalizers: ['example.com/x'] }, rules: [readPods, secrets] })
    expect((await ask(ada, 'PUT', path, { metadata: { name: 'some' }, rules: [secrets] })).code).toBe(403)
    expect((await ask(ada, 'PUT', path, { metadata: { name: 'some' }, rules: [readPods, secrets] })).code).toBe(200)
    expect((await ask(ada, 'PUT', path, { metadata: { name: 'some' }, rules: [readPods] })).code).toBe(200)
  })

  test('unless he may escalate', async () => {
    const eve = userNamed('eve')
    await bind('eve', 'escalator', 'eve', [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create', 'escalate'] },
    ])
    expect((await ask(eve, 'POST', roles, { metadata: { name: 'escalated' }, rules: [secrets] })).code).toBe(201)
    expect((await ask(eve, 'POST', clusterRoles, { metadata: { name: 'escalated' }, rules: [secrets] })).code).toBe(403)
  })

  test('also by what it might come to hold', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }
    const { body } = await ask(ada, 'POST', clusterRoles, { metadata: { name: 'sum' }, rules: [], aggregationRule })
    expect(body['message']).toBe(
      'clusterroles.rbac.authorization.k8s.io "sum" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    )
  })
})

describe('a binding is refused of a role that holds more than its author has', () => {
  const binding = (name: string, role: string, kind = 'ClusterRole') => ({
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
    subjects: [{ kind: 'User', name: 'ada' }],
  })

  test('by create', async () => {
    const { code, body } = await ask(ada, 'POST', clusterBindings, binding('root', 'cluster-admin'))
    expect(code).toBe(403)
    expect(body['message']).toBe(
      'clusterrolebindings.rbac.authorization.k8s.io "root" is forbidden: user "ada" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}',
    )
    expect((await ask(ada, 'POST', bindings, binding('own', 'manage-roles'))).code).toBe(201)
  })

  test('and of one that is not there', async () => {
    const { code, body } = await ask(ada, 'POST', bindings, binding('ghost', 'ghost', 'Role'))
    expect(code).toBe(404)
    expect(body['message']).toBe('roles.rbac.authorization.k8s.io "ghost" not found')
    expect((await api.request('POST', `${bindings}?dryRun=All`, binding('ghost', 'ghost', 'Role'))).code).toBe(201)
  })

  test('unless he may bind it', async () => {
    const joe = userNamed('joe')
    await bind('joe', 'binder', 'joe', [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['create'] },
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], resourceNames: ['edit'], verbs: ['bind'] },
    ])
    expect((await ask(joe, 'POST', bindings, binding('joe-edit', 'edit'))).code).toBe(201)
    expect((await ask(joe, 'POST', bindings, binding('joe-root', 'cluster-admin'))).code).toBe(403)
  })
})

test('a role counts as soon as it has been answered', async () => {
  const zoe = userNamed('zoe')
  expect((await ask(zoe, 'GET', '/api/v1/namespaces/default/pods')).code).toBe(403)
  await bind('zoe', 'zoe-reads', 'zoe', [readPods])
  expect((await ask(zoe, 'GET', '/api/v1/namespaces/default/pods')).code).toBe(200)
  await api.request('DELETE', `${clusterBindings}/zoe`)
  expect((await ask(zoe, 'GET', '/api/v1/namespaces/default/pods')).code).toBe(403)
})

describe('a review', () => {
  const reviews = '/apis/authorization.k8s.io/v1'
  const may = (verb: string, resource: string, namespace = 'default') => ({ resourceAttributes: { verb, resource, namespace } })

  test('tells who asks what he may', async () => {
    const ask1 = await ask(ada, 'POST', `${reviews}/selfsubjectaccessreviews`, { spec: may('list', 'pods') })
    expect(ask1).toMatchObject({
      code: 201,
      body: {
        kind: 'SelfSubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        status: { allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "ada-manages-roles" of ClusterRole "manage-roles" to User "ada"' },
      },
    })
    const ask2 = await ask(ada, 'POST', `${reviews}/selfsubjectaccessreviews`, { spec: may('delete', 'nodes') })
    expect(ask2.body['status']).toEqual({ allowed: false })
    const path = { spec: { nonResourceAttributes: { verb: 'get', path: '/version' } } }
    expect((await ask(ada, 'POST', `${reviews}/selfsubjectaccessreviews`, path)).body['status']).toMatchObject({ allowed: true })
  })

  test('tells those who may ask what others may', async () => {
    const spec = { ...may('list', 'pods'), user: 'ada', groups: ['system:authenticated'] }
    expect((await ask(ada, 'POST', `${reviews}/subjectaccessreviews`, { spec })).code).toBe(403)
    expect((await api.request('POST', `${reviews}/subjectaccessreviews`, { spec })).body['status']).toMatchObject({ allowed: true })
    const local = `${reviews}/namespaces/default/localsubjectaccessreviews`
    expect((await api.request('POST', local, { spec })).body).toMatchObject({
      metadata: { namespace: 'default' },
      status: { allowed: true },
    })
  })

  test('of a node takes its selector into account', async () => {
    const attributes = { verb: 'list', resource: 'pods' }
    const spec = { user: 'system:node:n1', groups: ['system:nodes'], resourceAttributes: attributes }
    const ask = async (fieldSelector: object) =>
      (await api.request('POST', `${reviews}/subjectaccessreviews`, {
        spec: { ...spec, resourceAttributes: { ...attributes, fieldSelector } },
      })).body['status']
    expect(await ask({ rawSelector: 'spec.nodeName=n1' })).toEqual({ allowed: true })
    expect(await ask({ requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] })).toEqual({ allowed: true })
    expect(await ask({ requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: ['n1'] }] })).toMatchObject({ allowed: false })
  })

  for (const [name, path, spec, message] of [
    [
      'of nothing',
      'selfsubjectaccessreviews',
      {},
      'SelfSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      'of nobody',
      'subjectaccessreviews',
      may('get', 'pods'),
      'SubjectAccessReview.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
    [
      'of another namespace',
      'namespaces/default/localsubjectaccessreviews',
      { ...may('get', 'pods', 'other'), user: 'ada' },
      'LocalSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    ],
  ] as const) {
    test(`${name} is invalid`, async () => {
      const { code, body } = await api.request('POST', `${reviews}/${path}`, { spec })
      expect({ code, message: body['message'] }).toEqual({ code: 422, message })
    })
  }

  test('lists all rules', async () => {
    const path = `${reviews}/selfsubjectrulesreviews`
    const { body } = await ask(ada, 'POST', path, { spec: { namespace: 'default' } })
    expect(body['status']).toMatchObject({
      incomplete: false,
      resourceRules: expect.arrayContaining([{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }]),
      nonResourceRules: expect.arrayContaining([expect.objectContaining({ nonResourceURLs: expect.arrayContaining(['/version']) })]),
    })
    const node = userNamed('system:node:n1', 'system:nodes')
    expect((await ask(node, 'POST', path, { spec: { namespace: 'default' } })).body['status']).toMatchObject({
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    })
    expect((await ask(ada, 'POST', path, { spec: {} })).body['message']).toBe('no namespace on request')
  })

  test('is not stored, and knows no other verb', async () => {
    const path = `${reviews}/selfsubjectaccessreviews`
    expect((await api.request('GET', path)).code).toBe(405)
    expect((await api.request('GET', `${path}/x`)).code).toBe(404)
    expect((await api.request('POST', `${reviews}/namespaces/default/selfsubjectaccessreviews`, {})).code).toBe(404)
    expect((await api.request('POST', `${reviews}/localsubjectaccessreviews`, {})).code).toBe(404)
  })

  test('is discovered', async () => {
    const { body } = await api.request('GET', reviews)
    expect(body['resources']).toContainEqual({
      name: 'selfsubjectaccessreviews',
      singularName: 'selfsubjectaccessreview',
      namespaced: false,
      kind: 'SelfSubjectAccessReview',
      verbs: ['create'],
    })
    const { text } = await api.text('/openapi/v3/apis/authorization.k8s.io/v1')
    const paths = Object.keys((JSON.parse(text) as { paths: object }).paths)
    expect(paths).toContain('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')
    expect(paths).not.toContain('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/{name}')
  })
})
