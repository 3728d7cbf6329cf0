import type { Namespace } from '../../api/kinds/namespace.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { KubeObject, ObjectMeta } from '../../api/object.ts'

/** Objects as far as names need them, for caches that nobody else uses: of large clusters, most is left out. */

export function reducedPod({ apiVersion, kind, metadata, status }: Pod): Pod {
  const { phase, podIP, podIPs } = status ?? {}
  return {
    apiVersion,
    kind,
    metadata: reducedMetadata(metadata),
    spec: { containers: [] },
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(podIPs === undefined ? {} : { podIPs }),
    },
  }
}

export function reducedNamespace({ apiVersion, kind, metadata }: Namespace): Namespace {
  return { apiVersion, kind, metadata: reducedMetadata(metadata), spec: {}, status: {} }
}

/** A Service or an EndpointSlice: most of what is not needed is metadata. */
export function reduced<T extends KubeObject>(object: T): T {
  return { ...object, metadata: reducedMetadata(object.metadata) }
}

function reducedMetadata({ name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels }: ObjectMeta): ObjectMeta {
  const service = labels?.['kubernetes.io/service-name']
  return {
    name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(namespace === undefined ? {} : { namespace }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(service === undefined ? {} : { labels: { 'kubernetes.io/service-name': service } }),
  }
}
