import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import { testApi, type TestApi } from '../test-api.ts'

const accounts = '/api/v1/namespaces/default/serviceaccounts'
const pods = '/api/v1/namespaces/default/pods'

let api: TestApi
beforeAll(async () => {
  api = await testApi({ random: () => 0 })
  await api.request('POST', accounts, { metadata: { name: 'web' }, imagePullSecrets: [{ name: 'registry' }] })
  await api.request('POST', accounts, { metadata: { name: 'quiet' }, automountServiceAccountToken: false })
})
afterAll(() => api[Symbol.asyncDispose]())

async function created(spec: object, annotations: object = {}): Promise<Pod> {
  const metadata = { name: 'web', annotations }
  const body = { metadata, spec: { containers: [{ name: 'app', image: 'kubia' }], serviceAccountName: 'web', ...spec } }
  const answer = await api.request('POST', `${pods}?dryRun=All`, body)
  expect(answer.body['message']).toBeUndefined()
  return answer.body as unknown as Pod
}

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const mount = { name: 'kube-api-access-bbbbb', readOnly: true, mountPath }

test('a pod is given its account’s token in every container', async () => {
  const { spec } = await created({ initContainers: [{ name: 'init', image: 'kubia' }] })
  expect(spec.volumes).toEqual([
    {
      name: 'kube-api-access-bbbbb',
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
  ])
  expect(spec.containers[0]?.volumeMounts).toEqual([mount])
  expect(spec.initContainers?.[0]?.volumeMounts).toEqual([mount])
  expect(spec).toMatchObject({ serviceAccountName: 'web', serviceAccount: 'web', imagePullSecrets: [{ name: 'registry' }] })
})

describe('a pod is given no token', () => {
  for (const [name, spec] of [
    ['if it wants none', { automountServiceAccountToken: false }],
    ['if its account gives none', { serviceAccountName: 'quiet' }],
    ['if it runs as one that gives none by default', { serviceAccountName: '' }],
    [
      'where it has something of its own there',
      { containers: [{ name: 'app', image: 'kubia', volumeMounts: [{ name: 'own', mountPath }] }], volumes: [{ name: 'own', emptyDir: {} }] },
    ],
  ] as const) {
    test(name, async () => {
      const { spec: result } = await created(spec)
      expect(result.volumes?.some(({ projected }) => projected !== undefined) ?? false).toBe(false)
    })
  }
})

test('a pod that wants one has it though its account gives none', async () => {
  const { spec } = await created({ serviceAccountName: 'quiet', automountServiceAccountToken: true })
  expect(spec.containers[0]?.volumeMounts).toEqual([mount])
})

test('what is there already is used', async () => {
  const volumes = [{ name: 'kube-api-access-own', emptyDir: {} }]
  const { spec } = await created({ volumes, imagePullSecrets: [{ name: 'own' }] })
  expect(spec.volumes).toEqual(volumes)
  expect(spec.containers[0]?.volumeMounts).toEqual([{ ...mount, name: 'kube-api-access-own' }])
  expect(spec.imagePullSecrets).toEqual([{ name: 'own' }])
})

test('a pod of an account that is not there is refused', async () => {
  const spec = { containers: [{ name: 'app', image: 'kubia' }], serviceAccountName: 'none' }
  const { code, body } = await api.request('POST', pods, { metadata: { name: 'web' }, spec })
  expect(code).toBe(403)
  expect(body['message']).toBe(
    'pods "web" is forbidden: error looking up service account default/none: serviceaccount "none" not found',
  )
})

test('a mirror pod has no account', async () => {
  const metadata = { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'x' } }
  const spec = { containers: [{ name: 'app', image: 'kubia' }] }
  const { body } = await api.request('POST', `${pods}?dryRun=All`, { metadata, spec })
  expect((body as unknown as Pod).spec.volumes).toBeUndefined()
  const named = await api.request('POST', pods, { metadata, spec: { ...spec, serviceAccountName: 'web' } })
  expect(named.body['message']).toBe('pods "static" is forbidden: a mirror pod may not reference service accounts')
})
