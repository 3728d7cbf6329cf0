import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, testApi, type TestApi } from '../test-api.ts'
import { nodeUser } from './test-policy.ts'

const pods = '/api/v1/namespaces/default/pods'
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const user = nodeUser('node-1')

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  await api.request('POST', '/api/v1/namespaces', { metadata: { name: 'kube-node-lease' } })
  await api.request('POST', '/api/v1/nodes', { metadata: { name: 'node-2' } })
  await ask('POST', '/api/v1/nodes', { metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } } })
  for (const [name, nodeName] of [['mine', 'node-1'], ['theirs', 'node-2']] as const) {
    const spec = {
      nodeName,
      containers: [{ name: 'app', image: 'kubia' }],
      volumes: [{ name: 'vault', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } }],
    }
    await api.request('POST', pods, { metadata: { name }, spec })
  }
})
afterAll(() => api[Symbol.asyncDispose]())

function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  return api.request(method, path, body, { user, contentType })
}

async function uidOf(name: string): Promise<unknown> {
  const { body } = await api.request('GET', `${pods}/${name}`)
  return (body['metadata'] as { uid: string }).uid
}

describe('a node', () => {
  test('tells of itself', async () => {
    const patch = { metadata: { labels: { 'topology.kubernetes.io/zone': 'a', 'example.com/own': 'x', 'node.kubernetes.io/y': 'z' } } }
    expect((await ask('PATCH', '/api/v1/nodes/node-1', patch)).code).toBe(200)
    expect((await ask('PATCH', '/api/v1/nodes/node-1/status', { status: { phase: 'Running' } })).code).toBe(200)
    expect((await ask('POST', leases, { metadata: { name: 'node-1' } })).code).toBe(201)
    expect((await ask('PATCH', `${leases}/node-1`, { spec: { holderIdentity: 'node-1' } })).code).toBe(200)
  })

  test('tells of its pods and removes them', async () => {
    expect((await ask('PATCH', `${pods}/mine/status`, { status: { phase: 'Running' } })).code).toBe(200)
    const removed = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, dryRun: ['All'] }
    expect((await ask('DELETE', `${pods}/mine`, removed)).code).toBe(200)
  })

  for (const [name, method, path, body, why] of [
    [
      'another Node',
      'PATCH',
      '/api/v1/nodes/node-2',
      { metadata: { labels: { a: 'b' } } },
      'nodes "node-2" is forbidden: node "node-1" is not allowed to modify node "node-2"',
    ],
    [
      'a Node of another name',
      'POST',
      '/api/v1/nodes',
      { metadata: { name: 'node-3' } },
      'nodes "node-3" is forbidden: node "node-1" is not allowed to modify node "node-3"',
    ],
    [
      'its range of pods',
      'PATCH',
      '/api/v1/nodes/node-1',
      { spec: { podCIDR: '10.108.2.0/24', podCIDRs: ['10.108.2.0/24'] } },
      'nodes "node-1" is forbidden: node "node-1" is not allowed to choose its pod range',
    ],
    [
      'its taints',
      'PATCH',
      '/api/v1/nodes/node-1',
      { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
      'nodes "node-1" is forbidden: node "node-1" is not allowed to modify taints',
    ],
    [
      'labels that draw work to it',
      'PATCH',
      '/api/v1/nodes/node-1',
      { metadata: { labels: { 'node-restriction.kubernetes.io/x': 'y', 'kubernetes.io/role': 'z', 'team.k8s.io/a': 'b' } } },
      'nodes "node-1" is forbidden: is not allowed to modify labels: kubernetes.io/role, node-restriction.kubernetes.io/x, team.k8s.io/a',
    ],
    [
      'the status of another node’s pod',
      'PATCH',
      `${pods}/theirs/status`,
      { status: { phase: 'Failed' } },
      'pods "theirs" is forbidden: node "node-1" can only update pod status for pods with spec.nodeName set to itself',
    ],
    [
      'another node’s pod away',
      'DELETE',
      `${pods}/theirs`,
      undefined,
      'pods "theirs" is forbidden: node "node-1" can only delete pods with spec.nodeName set to itself',
    ],
    [
      'a pod of its own making',
      'POST',
      pods,
      { metadata: { name: 'new' }, spec: { containers: [{ name: 'app', image: 'kubia' }] } },
      'pods "new" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "node-1" can only create mirror pods',
    ],
    [
      'another node’s Lease',
      'POST',
      leases,
      { metadata: { name: 'node-2' } },
      'leases.coordination.k8s.io "node-2" is forbidden: can only access node lease with the same name as the requesting node',
    ],
  ] as const) {
    test(`does not write ${name}`, async () => {
      const answer = await ask(method, path, body)
      expect(answer.code).toBe(403)
      expect(answer.body['message']).toBe(why)
    })
  }
})

test('a node does not come with a range of pods that it chose, to which all others would have a route', async () => {
  const node = { metadata: { name: 'node-9' }, spec: { podCIDR: '0.0.0.0/0' } }
  const answer = await api.request('POST', '/api/v1/nodes', node, { user: nodeUser('node-9') })
  expect([answer.code, answer.body['message']]).toEqual([403, 'nodes "node-9" is forbidden: node "node-9" is not allowed to choose its pod range'])
  expect((await api.request('POST', '/api/v1/nodes', { ...node, spec: {} }, { user: nodeUser('node-9') })).code).toBe(201)
  expect((await api.request('PATCH', '/api/v1/nodes/node-9', { spec: { podCIDR: '10.108.9.0/24' } }, { contentType: 'application/merge-patch+json' })).code).toBe(200)
  const status = { status: { addresses: [{ type: 'InternalIP', address: '192.168.99.9' }] } }
  expect((await api.request('PATCH', '/api/v1/nodes/node-9/status', status, { user: nodeUser('node-9'), contentType: 'application/merge-patch+json' })).code).toBe(200)
})

describe('a node gets a token', () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const forPod = async (name: string, more: object = {}, audiences: string[] = []) => {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid: await uidOf(name), ...more }
    return ask('POST', path, { spec: { audiences, boundObjectRef } })
  }

  test('for a pod of its own, and for what the pod asks for', async () => {
    expect((await forPod('mine')).code).toBe(201)
    expect((await forPod('mine', {}, ['vault'])).code).toBe(201)
  })

  for (const [name, answer, why] of [
    ['bound to nothing', () => ask('POST', path, { spec: {} }), 'node requested token not bound to a pod'],
    ['for no certain pod', () => forPod('mine', { uid: '' }), 'node requested token with a pod binding without a uid'],
    [
      'for an earlier pod',
      () => forPod('mine', { uid: 'earlier' }),
      'the UID in the bound object reference (earlier) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    ['for another node’s pod', () => forPod('theirs'), 'node requested token bound to a pod scheduled on a different node'],
    [
      'for an audience that the pod does not ask for',
      () => forPod('mine', {}, ['bank']),
      'audience "bank" not found in pod spec volume, system:node:node-1 is not authorized to request tokens for this audience',
    ],
    ['for several audiences', () => forPod('mine', {}, ['vault', 'bank']), 'node may only request 0 or 1 audiences'],
  ] as const) {
    test(`but not ${name}`, async () => {
      const { code, body } = await answer()
      expect({ code, message: body['message'] }).toEqual({ code: 403, message: `serviceaccounts "default" is forbidden: ${why}` })
    })
  }
})

describe('a mirror pod', () => {
  const mirror = async (metadata: object = {}, spec: object = {}) => {
    const { body } = await api.request('GET', '/api/v1/nodes/node-1')
    const { uid } = body['metadata'] as { uid: string }
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid, controller: true }
    return {
      metadata: { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner], ...metadata },
      spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'kubia' }], ...spec },
    }
  }

  test('shows what a node runs by itself', async () => {
    expect((await ask('POST', `${pods}?dryRun=All`, await mirror())).code).toBe(201)
  })

  test('stays one: as an ordinary pod it would give the node tokens of the account that it names', async () => {
    expect((await ask('POST', pods, await mirror({ name: 'kept' }, { serviceAccountName: 'default' }))).code).toBe(201)
    for (const value of [null, 'y']) {
      const { code, body } = await ask('PATCH', `${pods}/kept/status`, { metadata: { annotations: { 'kubernetes.io/config.mirror': value } } })
      expect([code, body['message']]).toEqual([422, expect.stringContaining('may not remove or update mirror pod annotation')])
    }
    const added = await ask('PATCH', `${pods}/mine/status`, { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } })
    expect([added.code, added.body['message']]).toEqual([422, expect.stringContaining('may not add mirror pod annotation')])
  })

  for (const [name, metadata, spec, why] of [
    ['on another node', {}, { nodeName: 'node-2' }, 'node "node-1" can only create pods with spec.nodeName set to itself'],
    ['that belongs to nobody', { ownerReferences: [] }, {}, 'node "node-1" can only create pods with an owner reference set to itself'],
    ['with an account', {}, { serviceAccountName: 'x' }, 'node "node-1" can not create pods that reference a service account'],
    [
      'with a secret',
      {},
      { volumes: [{ name: 'a', secret: { secretName: 'x' } }] },
      'node "node-1" can not create pods that reference secrets',
    ],
  ] as const) {
    test(`is refused ${name}`, async () => {
      const { body } = await ask('POST', `${pods}?dryRun=All`, await mirror(metadata, spec))
      expect(body['message']).toBe(`pods "static" is forbidden: ${why}`)
    })
  }
})
