import type {
  IntOrString as ClientIntOrString,
  V1MicroTime,
  V1ObjectMeta,
  V1OwnerReference,
} from '@kubernetes/client-node'

/**
 * A generated client type as its JSON looks on the wire: times are RFC 3339 strings and nothing is a class.
 * The generated types are compile-time only; no code of the client library is loaded.
 */
export type Wire<T> = T extends Date | V1MicroTime
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T

export type IntOrString = ClientIntOrString
export type OwnerReference = Wire<V1OwnerReference>

/** Metadata as the server returns it. `namespace` is absent on cluster-scoped objects. */
export type ObjectMeta = Omit<Wire<V1ObjectMeta>, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'> & {
  name: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
}

/** Any object that the API stores. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** Metadata as a client sends it with a create: the server fills in the rest. */
export type DraftMeta = Wire<V1ObjectMeta>

/** An object as a client writes it, before the server has seen it. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata' | 'apiVersion' | 'kind'> & {
  apiVersion?: string
  kind?: string
  metadata: DraftMeta
}

/** `namespace/name`, or `name` alone for cluster-scoped objects: the key of caches and queues. */
export type ObjectKey = string

export function keyOf(object: { metadata: { namespace?: string | undefined; name?: string | undefined } }): ObjectKey {
  return objectKey(object.metadata.namespace, object.metadata.name ?? '')
}

export function objectKey(namespace: string | undefined, name: string): ObjectKey {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

export function splitKey(key: ObjectKey): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: undefined, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The owner reference with `controller: true`, if there is one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)
}
