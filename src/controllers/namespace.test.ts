import { expect, test } from 'vitest'
import { StatusError } from '../api/errors.ts'
import { ConfigMaps, type ConfigMap } from '../api/kinds/config-map.ts'
import { Namespaces, type Namespace } from '../api/kinds/namespace.ts'
import { Pods } from '../api/kinds/pod.ts'
import { ServiceAccounts } from '../api/kinds/service-account.ts'
import type { Draft, KubeObject } from '../api/object.ts'
import type { Cache } from '../client/cache.ts'
import { pod, TestCluster } from './fixtures.ts'
import { rootCaController, serviceAccountController } from './namespace-defaults.ts'
import { namespaceController } from './namespace.ts'

function namespace(name: string): Draft<Namespace> {
  return { metadata: { name }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
}

function start(cluster: TestCluster): void {
  const kinds = [Pods, ConfigMaps, Namespaces].map((resource) => ({
    resource,
    cache: cluster.cache<KubeObject>(resource) as Cache<KubeObject>,
  }))
  const namespaces = cluster.cache(Namespaces)
  cluster.run(namespaceController({ client: cluster.client, clock: cluster.clock, namespaces, kinds }))
}

test('empties a namespace that is deleted, lets it go, and touches no other', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Namespaces, namespace('shop'), namespace('default'))
  cluster.client.seed<ConfigMap>(ConfigMaps, { metadata: { namespace: 'shop', name: 'a' } })
  cluster.client.seed(Pods, pod({ meta: { namespace: 'shop' } }), pod({ name: 'other' }))
  start(cluster)
  await cluster.quiet()
  expect(cluster.client.writes).toEqual([])
  await cluster.client.delete(Namespaces, { name: 'shop' })
  await cluster.quiet()
  expect((await cluster.all(Namespaces)).map(({ metadata }) => metadata.name)).toEqual(['default'])
  expect((await cluster.all(Pods)).map(({ metadata }) => metadata.name)).toEqual(['other'])
  expect(await cluster.all(ConfigMaps)).toEqual([])
})

test('says what it waits for, and goes on when that is gone', async () => {
  await using cluster = new TestCluster()
  cluster.client.seed(Namespaces, namespace('shop'))
  cluster.client.seed(Pods, pod({ meta: { namespace: 'shop', finalizers: ['example.com/wait'] } }))
  start(cluster)
  await cluster.client.delete(Namespaces, { name: 'shop' })
  await cluster.quiet()
  expect(cluster.client.peek(Namespaces, 'shop')?.status?.conditions).toMatchObject([
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances',
    },
  ])
  const finalizers = { type: 'merge', body: { metadata: { finalizers: null } } } as const
  await cluster.client.patch(Pods, { namespace: 'shop', name: 'web' }, finalizers)
  await cluster.quiet()
  expect(await cluster.all(Namespaces)).toEqual([])
})

test('every namespace has the default ServiceAccount and the CA, again when they are removed or changed', async () => {
  await using cluster = new TestCluster()
  const { client } = cluster
  const namespaces = cluster.cache(Namespaces)
  client.seed(Namespaces, namespace('shop'))
  cluster.run(
    serviceAccountController({ client, namespaces, serviceAccounts: cluster.cache(ServiceAccounts) }),
    rootCaController({ client, namespaces, configMaps: cluster.cache(ConfigMaps), ca: 'PEM' }),
  )
  const both = () => [
    client.peek(ServiceAccounts, 'shop/default'),
    client.peek(ConfigMaps, 'shop/kube-root-ca.crt')?.data,
  ]
  await cluster.quiet()
  expect(both()).toEqual([expect.anything(), { 'ca.crt': 'PEM' }])

  client.unseed(ServiceAccounts, { namespace: 'shop', name: 'default' })
  const map = client.peek(ConfigMaps, 'shop/kube-root-ca.crt')
  if (map !== undefined) client.seed(ConfigMaps, { ...map, data: { 'ca.crt': 'forged', more: '' } })
  await cluster.quiet()
  expect(both()).toEqual([expect.anything(), { 'ca.crt': 'PEM' }])

  const causes = [{ reason: 'NamespaceTerminating', message: '' }]
  client.failNext('create', ServiceAccounts, new StatusError(403, 'Forbidden', 'terminating', { causes }))
  client.seed(Namespaces, namespace('going'))
  await cluster.quiet()
  expect(client.peek(ServiceAccounts, 'going/default')).toBeUndefined()
})
