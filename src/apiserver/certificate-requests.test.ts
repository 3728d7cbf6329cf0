import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../base/manual-clock.ts'
import { throwawayPki } from '../base/throwaway-pki.ts'
import { throwawayRequest } from '../base/throwaway-request.ts'
import { type Answer, testApi, type TestApi } from './test-api.ts'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const roles = '/apis/rbac.authorization.k8s.io/v1'
const asker = { name: 'jane', uid: 'u1', groups: ['askers', 'system:authenticated'], extra: { 'example.com/x': ['1'] } }
const approver = { name: 'otto', groups: ['approvers'] }

let api: TestApi
beforeEach(async () => {
  api = await testApi({ clock: new ManualClock() })
  await allow('askers', [{ apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create', 'update', 'get'] }])
  await allow('approvers', [
    { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval', 'certificatesigningrequests/status'], verbs: ['update', 'patch'] },
  ])
})
afterEach(() => api[Symbol.asyncDispose]())

async function allow(group: string, rules: object[], name = group): Promise<void> {
  await api.request('POST', `${roles}/clusterroles`, { metadata: { name }, rules })
  const subjects = [{ kind: 'Group', name: group, apiGroup: 'rbac.authorization.k8s.io' }]
  await api.request('POST', `${roles}/clusterrolebindings`, { metadata: { name }, subjects, roleRef: { kind: 'ClusterRole', name, apiGroup: 'rbac.authorization.k8s.io' } })
}

async function ask(spec: object = {}, subject = 'CN=jane'): Promise<Answer> {
  const request = Buffer.from(await throwawayRequest(subject)).toString('base64')
  const whole = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec }
  return api.request('POST', requests, { metadata: { name: 'mine' }, spec: whole }, { user: asker })
}

const patch = (path: string, status: object, user = approver) =>
  api.request('PATCH', `${requests}/mine/${path}`, { status }, { user, contentType: 'application/merge-patch+json' })
const messageOf = ({ body }: Answer) => body['message']
const approved = { conditions: [{ type: 'Approved', status: 'True', reason: 'Fine' }] }

test('who asks is what the server knows, whatever the request says, and stays', async () => {
  const { code, body } = await ask({ username: 'root', groups: ['system:masters'], uid: '0', extra: { a: ['b'] } })
  expect(code).toBe(201)
  const who = { username: 'jane', uid: 'u1', groups: asker.groups, extra: asker.extra }
  expect(body['spec']).toMatchObject(who)
  const again = await api.request('PUT', `${requests}/mine`, { ...body, spec: { ...(body['spec'] as object), username: 'root' } }, { user: asker })
  expect(again.body['spec']).toMatchObject(who)
})

test('nobody becomes an administrator by a request', async () => {
  expect(messageOf(await ask({}, 'O=system:masters, CN=jane'))).toBe(
    'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  )
})

test('who may write approvals must be allowed the signer too, by its name or its domain', async () => {
  await ask()
  expect(messageOf(await patch('approval', approved))).toBe(
    'certificatesigningrequests.certificates.k8s.io "mine" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"',
  )
  await allow('approvers', [{ apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['kubernetes.io/*'], verbs: ['approve'] }], 'signers')
  const { code, body } = await patch('approval', { ...approved, certificate: 'aGk=' })
  expect(code).toBe(200)
  const now = '2026-01-01T00:00:00Z'
  expect(body['status']).toEqual({ conditions: [{ type: 'Approved', status: 'True', reason: 'Fine', lastUpdateTime: now, lastTransitionTime: now }] })
})

test('an approval is no way to write anything else, and the status none to approve', async () => {
  await ask()
  const administrator = { name: 'admin', groups: ['system:masters'] }
  expect(messageOf(await patch('status', approved, administrator))).toContain('updates may not add a condition of type "Approved"')
  const { body } = await patch('approval', approved, administrator)
  expect(body['spec']).toMatchObject({ username: 'jane' })
  expect(messageOf(await patch('approval', { conditions: [] }, administrator))).toContain('updates may not remove a condition of type "Approved"')
})

test('who signs must be allowed to', async () => {
  await ask()
  const certificate = Buffer.from((await throwawayPki()).client.cert).toString('base64')
  expect(messageOf(await patch('status', { certificate }))).toContain('user not permitted to sign requests with signerName')
  await allow('approvers', [{ apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['kubernetes.io/kube-apiserver-client'], verbs: ['sign'] }], 'signers')
  expect((await patch('status', { certificate })).body['status']).toEqual({ certificate })
})

test('requests are found by their signer', async () => {
  await ask()
  const found = async (name: string) => ((await api.request('GET', `${requests}?fieldSelector=spec.signerName=${name}`)).body['items'] as object[]).length
  expect(await found('kubernetes.io/kube-apiserver-client')).toBe(1)
  expect(await found('kubernetes.io/kubelet-serving')).toBe(0)
})
