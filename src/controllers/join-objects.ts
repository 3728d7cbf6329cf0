import { isDeepStrictEqual } from 'node:util'
import { type ConfigMap, ConfigMaps } from '../api/kinds/config-map.ts'
import type { Subject } from '../api/kinds/rbac/binding.ts'
import { type RoleBinding, RoleBindings } from '../api/kinds/role-binding.ts'
import { type Role, Roles } from '../api/kinds/role.ts'
import { isStatus } from '../api/errors.ts'
import { clusterInfoKey, clusterInfoName, nodeSettingsName } from '../api/join-objects.ts'
import type { Draft, KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { Client } from '../client/client.ts'

export interface JoinFacts {
  /** Where nodes reach the API, `https://192.168.99.1:6443`. */
  readonly server: string
  /** PEM of the cluster's authority. */
  readonly ca: string
  /** What a node must know of the cluster, by the keys of `api/join-objects.ts`. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * What machines that join read: `kube-public/cluster-info`, which everybody may (as kubeadm's; they compare its authority
 * with the hash they were given), and `kube-system/portolan-node`, which nodes may. Brought up to date at every start.
 */
export async function ensureJoinObjects(client: Client, { server, ca, settings }: JoinFacts): Promise<void> {
  await Promise.all([
    publish(client, clusterInfoName, { [clusterInfoKey]: kubeconfig(server, ca) }, [group('system:unauthenticated'), group('system:authenticated')]),
    publish(client, nodeSettingsName, settings, [group('system:nodes')]),
  ])
}

type Place = typeof clusterInfoName | typeof nodeSettingsName

/** A ConfigMap, and that these may read it. */
async function publish(client: Client, place: Place, data: Readonly<Record<string, string>>, readers: readonly Subject[]): Promise<void> {
  const { name } = place
  const role = `portolan:${name}`
  const metadata = { ...place, name: role }
  await keep<ConfigMap>(client, ConfigMaps, { metadata: { ...place }, data: { ...data } }, ['data'])
  await keep<Role>(client, Roles, { metadata, rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get'] }] }, ['rules'])
  const roleRef = { apiGroup: Roles.group, kind: 'Role', name: role }
  await keep<RoleBinding>(client, RoleBindings, { metadata, roleRef, subjects: [...readers] }, ['subjects'])
}

async function keep<T extends KubeObject>(client: Client, resource: Resource<T>, wanted: Draft<T>, fields: readonly (keyof Draft<T>)[]): Promise<void> {
  const { namespace, name = '' } = wanted.metadata
  try {
    const present = await client.get(resource, { namespace, name })
    const shown = (object: object) => fields.map((field) => Reflect.get(object, field))
    if (isDeepStrictEqual(shown(present), shown(wanted))) return
    await client.patch(resource, { namespace, name }, { type: 'merge', body: wanted })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    await client.create(resource, wanted)
  }
}

/** In YAML. Without a user: everybody reads it. */
function kubeconfig(server: string, ca: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: ""
  cluster:
    server: ${server}
    certificate-authority-data: ${Buffer.from(ca).toString('base64')}
contexts: []
current-context: ""
users: []
`
}

function group(name: string): Subject {
  return { kind: 'Group', apiGroup: Roles.group, name }
}
