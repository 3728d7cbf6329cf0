import { isStatus } from '../api/errors.ts'
import { ConfigMaps, type ConfigMap } from '../api/kinds/config-map.ts'
import type { Namespace } from '../api/kinds/namespace.ts'
import { ServiceAccounts, type ServiceAccount } from '../api/kinds/service-account.ts'
import { keyOf, objectKey, type KubeObject, type ObjectKey } from '../api/object.ts'
import type { Cache } from '../client/cache.ts'
import type { Client } from '../client/client.ts'
import { from, type Controller } from '../client/controller.ts'
import { isTerminatingNamespace } from './namespace.ts'
import { isNamespaceTerminating } from './namespace-terminating.ts'

export interface ServiceAccountDeps {
  readonly client: Client
  readonly namespaces: Cache<Namespace>
  readonly serviceAccounts: Cache<ServiceAccount>
}

/** Keeps the ServiceAccount `default`, which pods run under that name no other, in every namespace. */
export function serviceAccountController({ client, namespaces, serviceAccounts }: ServiceAccountDeps): Controller {
  return {
    name: 'service-account',
    wakesOn: [from(namespaces, (namespace) => [keyOf(namespace)]), from(serviceAccounts, namespaceOf('default'))],
    async reconcile(namespace, signal) {
      if (!isActive(namespaces.get(namespace))) return
      if (serviceAccounts.get(objectKey(namespace, 'default')) !== undefined) return
      const draft = { metadata: { namespace, name: 'default' } }
      await unlessThere(client.create(ServiceAccounts, draft, { signal }))
    },
  }
}

export interface RootCaDeps {
  readonly client: Client
  readonly namespaces: Cache<Namespace>
  readonly configMaps: Cache<ConfigMap>
  /** PEM of the certificate that the API server's own is signed with. */
  readonly ca: string
}

const rootCaName = 'kube-root-ca.crt'

/** Keeps the ConfigMap `kube-root-ca.crt`, by which pods know the API server, in every namespace. */
export function rootCaController({ client, namespaces, configMaps, ca }: RootCaDeps): Controller {
  const data = { 'ca.crt': ca }
  return {
    name: 'root-ca',
    wakesOn: [from(namespaces, (namespace) => [keyOf(namespace)]), from(configMaps, namespaceOf(rootCaName))],
    async reconcile(namespace, signal) {
      if (!isActive(namespaces.get(namespace))) return
      const present = configMaps.get(objectKey(namespace, rootCaName))
      if (present === undefined) {
        await unlessThere(client.create(ConfigMaps, { metadata: { namespace, name: rootCaName }, data }, { signal }))
        return
      }
      if (JSON.stringify(present.data) === JSON.stringify(data)) return
      await client.update(ConfigMaps, { ...present, data }, { signal })
    },
  }
}

function isActive(namespace: Namespace | undefined): boolean {
  return namespace !== undefined && !isTerminatingNamespace(namespace)
}

function namespaceOf(name: string) {
  return ({ metadata }: KubeObject): readonly ObjectKey[] =>
    metadata.name === name && metadata.namespace !== undefined ? [metadata.namespace] : []
}

/** That it is there already, or that its namespace is going or gone, is all right: the cache will show it. */
async function unlessThere(create: Promise<unknown>): Promise<void> {
  try {
    await create
  } catch (error) {
    const expected = isStatus(error, 'AlreadyExists') || isStatus(error, 'NotFound') || isNamespaceTerminating(error)
    if (!expected) throw error
  }
}
