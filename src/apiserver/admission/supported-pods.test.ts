import { afterEach, beforeEach, expect, test } from 'vitest'
import { daemonSetKind } from '../../api/kinds/daemon-set.ts'
import { podKind } from '../../api/kinds/pod.ts'
import { deploymentKind } from '../../api/kinds/deployment.ts'
import { replicaSetKind } from '../../api/kinds/replica-set.ts'
import { statefulSetKind } from '../../api/kinds/stateful-set.ts'
import type { KubeObject } from '../../api/object.ts'
import { supportedPods } from './supported-pods.ts'
import { testApi, type TestApi } from '../test-api.ts'

let api: TestApi
beforeEach(async () => {
  api = await testApi()
  for (const kind of [replicaSetKind, deploymentKind, daemonSetKind, statefulSetKind]) {
    if (api.context.kinds.find(kind.resource) === undefined) api.context.kinds.add(kind)
  }
})
afterEach(() => api[Symbol.asyncDispose]())

const apps = '/apis/apps/v1/namespaces/default'
const core = '/api/v1/namespaces/default'
const metadata = { name: 'web' }
const labels = { app: 'web' }
const selector = { matchLabels: labels }
const podSpec = (volume: object) => ({
  containers: [{ name: 'app', image: 'kubia' }],
  volumes: [{ name: 'data', ...volume }],
})
const claim = { persistentVolumeClaim: { claimName: 'data' } }
const template = (volume: object) => ({ metadata: { labels }, spec: podSpec(volume) })
const says = 'Forbidden: this type of volume is not supported; use one of emptyDir, hostPath, configMap, secret, downwardAPI, projected'

for (const { path, kind, field, body } of [
  { path: `${core}/pods`, kind: 'Pod', field: 'spec', body: (volume: object) => ({ metadata, spec: podSpec(volume) }) },
  {
    path: `${core}/replicationcontrollers`,
    kind: 'ReplicationController',
    field: 'spec.template.spec',
    body: (volume: object) => ({ metadata, spec: { selector: labels, template: template(volume) } }),
  },
  ...[
    { kind: 'ReplicaSet', own: {} },
    { kind: 'Deployment', own: {} },
    { kind: 'DaemonSet', own: {} },
    { kind: 'StatefulSet', own: { serviceName: 'web' } },
  ].map(({ kind, own }) => ({
    path: `${apps}/${kind.toLowerCase()}s`,
    kind: `${kind}.apps`,
    field: 'spec.template.spec',
    body: (volume: object) => ({ metadata, spec: { selector, template: template(volume), ...own } }),
  })),
]) {
  test(`a ${kind} with a volume that no node has is refused`, async () => {
    const { code, body: answer } = await api.request('POST', path, body(claim))
    expect({ code, message: answer['message'] }).toEqual({
      code: 422,
      message: `${kind} "web" is invalid: ${field}.volumes[0].persistentVolumeClaim: ${says}`,
    })
  })
}

test('also when it comes with a change, but not what is only scaled or deleted', async () => {
  const path = `${apps}/deployments`
  const created = await api.request('POST', path, { metadata, spec: { selector, template: template({ emptyDir: {} }) } })
  expect(created.code).toBe(201)
  const changed = await api.request('PUT', `${path}/web`, {
    ...created.body,
    spec: { selector, template: template({ nfs: { server: 'x', path: '/' } }) },
  })
  expect(changed).toMatchObject({ code: 422, body: { message: expect.stringContaining('spec.template.spec.volumes[0].nfs') } })
  expect((await api.request('DELETE', `${path}/web`)).code).toBe(200)
})

test('what is stored already may be changed in other ways', () => {
  const spec = podSpec(claim)
  const stored = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, uid: 'u' }, spec } as unknown as KubeObject
  const write = { operation: 'update', kind: podKind, subresource: undefined, user: { name: 'x', groups: [] }, undo: () => {} } as const
  const step = (object: KubeObject) => () => supportedPods.admit({ ...write, object, previous: stored })
  expect(step(structuredClone(stored))).not.toThrow()
  expect(step({ ...stored, spec: podSpec({ csi: { driver: 'x' } }) } as KubeObject)).toThrow('spec.volumes[0].csi')
})
