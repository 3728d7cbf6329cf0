import type { KubeObject, OwnerReference } from '../api/object.ts'
import { apiVersionOf, type Resource } from '../api/resource.ts'

/** The reference that makes `object` the controller of what carries it. */
export function controllerReference({ metadata }: KubeObject, resource: Resource): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}
