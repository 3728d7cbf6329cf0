import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { IngressClasses } from '../../api/kinds/ingress-class.ts'
import { Namespaces } from '../../api/kinds/namespace.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { Services } from '../../api/kinds/service.ts'
import type { Client } from '../../client/client.ts'
import type { ClusterObjects } from '../manifest/references/world.ts'

/** What manifests may refer to; read only. */
export async function listReferred(client: Client): Promise<ClusterObjects> {
  const [services, pods, secrets, configMaps, classes, namespaces] = await Promise.all([
    client.list(Services),
    client.list(Pods),
    client.list(Secrets),
    client.list(ConfigMaps),
    client.list(IngressClasses),
    client.list(Namespaces),
  ])
  return {
    services: services.items,
    pods: pods.items,
    secrets: secrets.items,
    configMaps: configMaps.items,
    classes: classes.items,
    namespaces: namespaces.items,
  }
}
