import { isDeepStrictEqual } from 'node:util'
import { conflict, modified } from '../api/errors.ts'
import type { KubeObject } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { DeleteOptions } from './client.ts'

/** The server's rules for writes, as far as the in-memory client follows them. All are pure. */

/** Throws `Conflict` unless the version is that of the stored object; an absent version asks for no check. */
export function checkVersion(resource: Resource, stored: KubeObject, version: string | undefined): void {
  if (version === undefined || version === '' || version === stored.metadata.resourceVersion) return
  throw modified(resource, stored.metadata.name)
}

/** Throws `Conflict` if another object, or another version of it, is to be deleted. */
export function checkPreconditions(resource: Resource, { metadata }: KubeObject, options: DeleteOptions): void {
  for (const { label, wanted, found } of [
    { label: 'UID', wanted: options.uid, found: metadata.uid },
    { label: 'ResourceVersion', wanted: options.resourceVersion, found: metadata.resourceVersion },
  ]) {
    if (wanted === undefined || wanted === found) continue
    const why = `Precondition failed: ${label} in precondition: ${wanted}, ${label} in object meta: ${found}`
    throw conflict(resource, metadata.name, why)
  }
}

/** `object` with the `status` of `source`, or with none if that has none. */
export function withStatusOf(source: KubeObject | undefined, object: KubeObject): KubeObject {
  const { status: _, ...rest } = object as KubeObject & { status?: unknown }
  const status = (source as { status?: unknown } | undefined)?.status
  return status === undefined ? rest : ({ ...rest, status } as KubeObject)
}

/** What a write of `source` to `/status` of the object does: of Deployments it changes annotations too. */
export function withStatusWrite(resource: Resource, source: KubeObject, object: KubeObject): KubeObject {
  const written = withStatusOf(source, object)
  if (resource.kind !== 'Deployment') return written
  const { annotations: _, ...metadata } = written.metadata
  const { annotations } = source.metadata
  return { ...written, metadata: annotations === undefined ? metadata : { ...metadata, annotations } }
}

/** As created: what has something desired counts its generations from 1. */
export function withFirstGeneration(object: KubeObject): KubeObject {
  return 'spec' in object ? { ...object, metadata: { ...object.metadata, generation: 1 } } : object
}

/** The generation after a write; objects that were put in without one have none. */
export function generationOf(next: KubeObject, stored: KubeObject): { generation?: number } {
  const { generation } = stored.metadata
  if (generation === undefined) return {}
  return { generation: isDeepStrictEqual(specOf(next), specOf(stored)) ? generation : generation + 1 }
}

/** What POST to `pods/NAME/binding` does. Throws `Conflict` if the pod has a node. */
export function withBinding(resource: Resource, pod: KubeObject, body: unknown): KubeObject {
  const { spec = {} } = pod as KubeObject & { spec?: { nodeName?: string } }
  const nodeName = (body as { target?: { name?: string } }).target?.name
  if (spec.nodeName !== undefined && spec.nodeName !== '') {
    const why = `pod ${pod.metadata.name} is already assigned to node "${spec.nodeName}"`
    throw conflict(resource, pod.metadata.name, why)
  }
  return { ...pod, spec: { ...spec, nodeName } } as KubeObject
}

/** What PUT to `namespaces/NAME/finalize` does: takes over `spec.finalizers` only. */
export function withSpecFinalizersOf(source: KubeObject, namespace: KubeObject): KubeObject {
  const { spec } = namespace as KubeObject & { spec?: object }
  return { ...namespace, spec: { ...spec, finalizers: specFinalizers(source) } } as KubeObject
}

export function hasFinalizers(object: KubeObject): boolean {
  return (object.metadata.finalizers ?? []).length > 0 || specFinalizers(object).length > 0
}

/** Whether a write took away the last finalizer of an object that waited for that to be removed. */
export function isFinalized(stored: KubeObject, next: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = stored.metadata
  const waited = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && hasFinalizers(stored)
  return waited && !hasFinalizers(next)
}

function specFinalizers(object: KubeObject): readonly string[] {
  return (specOf(object) as { finalizers?: string[] } | undefined)?.finalizers ?? []
}

function specOf(object: KubeObject): unknown {
  return (object as KubeObject & { spec?: unknown }).spec
}

/** The answer to a TokenRequest: a token that says nothing and is good for as long as was asked. */
export function withToken(body: unknown, token: string, now: Date): unknown {
  const request = body as { spec?: { expirationSeconds?: number } }
  const { expirationSeconds = 3600 } = request.spec ?? {}
  const expirationTimestamp = new Date(now.getTime() + expirationSeconds * 1000).toISOString()
  return { ...request, status: { token, expirationTimestamp } }
}
