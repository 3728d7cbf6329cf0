import { expect, test } from 'vitest'
import { type ClusterRole, ClusterRoles } from '../api/kinds/cluster-role.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts'
import { TestCluster } from './fixtures.ts'

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
const sum = (name: string, of: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [of]: 'true' } }] },
})
const part = (name: string, labels: Record<string, string>, ...resources: string[]) => ({
  metadata: { name, labels },
  rules: resources.map(rule),
})

async function cluster(...roles: (ReturnType<typeof sum> | ReturnType<typeof part>)[]): Promise<TestCluster> {
  const result = new TestCluster()
  result.client.seed(ClusterRoles, ...roles)
  result.run(clusterRoleAggregationController({ client: result.client, clusterRoles: result.cache(ClusterRoles) }))
  await result.quiet()
  return result
}

function resourcesOf({ client }: TestCluster, name: string): string[] {
  return (client.peek(ClusterRoles, name)?.rules ?? []).flatMap(({ resources = [] }) => resources)
}

test('a role has the rules of those that it selects, also through another, each once', async () => {
  await using all = await cluster(
    sum('admin', 'to-admin'),
    sum('edit', 'to-edit', { 'to-admin': 'true' }),
    part('b-editing', { 'to-edit': 'true' }, 'pods', 'secrets'),
    part('a-viewing', { 'to-edit': 'true' }, 'pods'),
    part('administering', { 'to-admin': 'true' }, 'roles'),
    part('other', { 'to-edit': 'false' }, 'nodes'),
  )
  expect(resourcesOf(all, 'edit')).toEqual(['pods', 'secrets'])
  expect(resourcesOf(all, 'admin')).toEqual(['roles', 'pods', 'secrets'])
  const before = all.client.calls.length
  await all.pass(60_000)
  expect(all.writesTo(ClusterRoles, before)).toEqual([])
})

test('it follows what comes, changes and goes', async () => {
  await using all = await cluster(sum('edit', 'to-edit'), part('editing', { 'to-edit': 'true' }, 'pods'))
  const editing = all.client.peek(ClusterRoles, 'editing') as ClusterRole
  await all.client.create(ClusterRoles, part('more', { 'to-edit': 'true' }, 'services'))
  await all.quiet()
  expect(resourcesOf(all, 'edit')).toEqual(['pods', 'services'])
  await all.client.update(ClusterRoles, { ...editing, metadata: { ...editing.metadata, labels: {} } })
  await all.quiet()
  expect(resourcesOf(all, 'edit')).toEqual(['services'])
  await all.client.delete(ClusterRoles, { name: 'more' })
  await all.quiet()
  expect(resourcesOf(all, 'edit')).toEqual([])
})

test('what somebody writes into it is put right', async () => {
  await using all = await cluster(sum('edit', 'to-edit'), part('editing', { 'to-edit': 'true' }, 'pods'))
  const edit = all.client.peek(ClusterRoles, 'edit') as ClusterRole
  await all.client.update(ClusterRoles, { ...edit, rules: [rule('nodes')] })
  await all.quiet()
  expect(resourcesOf(all, 'edit')).toEqual(['pods'])
})
