import { afterEach, beforeEach, expect, test } from 'vitest'
import { testApi, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const pods = '/api/v1/namespaces/default/pods'
const create = (spec: object = {}) =>
  api.request('POST', pods, { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }], ...spec } })
const bind = (fields: object = {}) => api.request('POST', `${pods}/web/binding`, { target: { kind: 'Node', name: 'node-1' }, ...fields })

test('gives the pod its node, and what was said while it had none is over', async () => {
  await create()
  const waiting = {
    nominatedNodeName: 'node-2',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full' }],
  }
  const contentType = 'application/merge-patch+json'
  const patched = await api.request('PATCH', `${pods}/web/status`, { status: waiting }, { contentType })
  expect(patched.body).toMatchObject({ status: { nominatedNodeName: 'node-2' } })
  expect((await bind()).code).toBe(201)
  const { body } = await api.request('GET', `${pods}/web`)
  expect(body).toMatchObject({
    spec: { nodeName: 'node-1' },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
  })
  expect(body['status']).not.toHaveProperty('nominatedNodeName')
})

for (const { name, spec, fields, message } of [
  {
    name: 'a gated pod',
    spec: { schedulingGates: [{ name: 'wait' }] },
    fields: {},
    message: 'pod web has non-empty .spec.schedulingGates',
  },
  { name: 'a pod that has a node', spec: { nodeName: 'node-2' }, fields: {}, message: 'pod web is already assigned to node "node-2"' },
  {
    name: 'another pod of the name',
    spec: {},
    fields: { metadata: { name: 'web', uid: 'other' } },
    message: 'Precondition failed: UID in precondition: other',
  },
]) {
  test(`${name} gets none`, async () => {
    await create(spec)
    expect(await bind(fields)).toMatchObject({ code: 409, body: { message: expect.stringContaining(message) } })
  })
}
