import { expect } from 'vitest'
import type { Json } from './api-requests.ts'
import type { Tenant } from './tenant.ts'

const label = 'conformance=operations'

export interface Operations {
  /** `/apis/networking.k8s.io/v1`. */
  readonly groupVersion: string
  readonly resource: string
  readonly kind: string
  readonly isNamespaced: boolean
  /** All but kind and metadata, which is given a name and a label. Called for each object that is made. */
  object(index: number): object
  /** Objects of these names, if theirs cannot be chosen. */
  name?(index: number): string
  /** What a status may say. */
  readonly status?: object
}

/** Everything that can be asked about a kind: discovery, create, get, list, watch, patch, replace, status, delete. */
export async function performOperations(tenant: Tenant, operations: Operations): Promise<void> {
  const { api, namespace } = tenant
  const { groupVersion, resource, kind, isNamespaced } = operations
  const { resources } = (await api.json('GET', groupVersion)) as unknown as { resources: { name: string; kind: string; verbs: string[] }[] }
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
  expect(resources.find(({ name }) => name === resource)).toMatchObject({ kind, verbs: expect.arrayContaining(verbs) })

  const all = isNamespaced ? `${groupVersion}/namespaces/${namespace}/${resource}` : `${groupVersion}/${resource}`
  const selected = `${all}?labelSelector=${encodeURIComponent(label)}`
  const names = [0, 1, 2].map((index) => operations.name?.(index) ?? `${namespace}-${index}`)
  const [first = '', second = ''] = names
  const list = async (path: string) => ((await api.json('GET', path)) as unknown as { items: Json[]; metadata: { resourceVersion: string } })
  const namesIn = ({ items }: { items: readonly Json[] }) => items.map(({ metadata }) => String(metadata?.name)).sort()

  const before = await list(selected)
  await using watch = await api.watch(all, label, before.metadata.resourceVersion)
  for (const [index, name] of names.entries()) {
    const metadata = { name, labels: { conformance: 'operations' } }
    const created = await api.json('POST', all, { ...operations.object(index), metadata })
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/)
  }
  expect(await api.json('GET', `${all}/${first}`)).toMatchObject({ kind, metadata: { name: first } })
  expect(namesIn(await list(selected))).toEqual([...names].sort())
  if (isNamespaced) {
    const everywhere = await list(`${groupVersion}/${resource}?labelSelector=${encodeURIComponent(label)}`)
    expect(namesIn(everywhere)).toEqual(expect.arrayContaining(names))
  }

  const patched = await api.json('PATCH', `${all}/${first}`, annotated('patched'), 'application/merge-patch+json')
  expect(patched).toMatchObject(annotated('patched'))
  const replaced = await api.json('PUT', `${all}/${first}`, { ...patched, metadata: { ...patched.metadata, ...annotated('replaced').metadata } })
  expect(replaced).toMatchObject(annotated('replaced'))
  // A second replacement of the same version comes too late.
  expect((await api.ask('PUT', `${all}/${first}`, patched)).status).toBe(409)
  if (operations.status !== undefined) await performStatus(tenant, `${all}/${first}/status`, operations.status)

  await api.json('DELETE', `${all}/${first}`)
  await tenant.until('the deletion', async () => (await api.ask('GET', `${all}/${first}`)).status === 404)
  expect(namesIn(await list(selected))).toEqual(names.slice(1).sort())
  await api.json('DELETE', selected)
  await tenant.until('the deletion of all', async () => (await list(selected)).items.length === 0)
  await tenant.until('the watch', async () => watch.seen.includes(`DELETED ${second}`))
  expect(watch.seen.slice(0, names.length)).toEqual(names.map((name) => `ADDED ${name}`))
  expect(watch.seen).toContain(`MODIFIED ${first}`)
  expect(watch.seen.filter((line) => line.startsWith('DELETED'))).toHaveLength(names.length)
}

/** By patch and by replacement, each of which takes annotations with it. */
async function performStatus({ api }: Tenant, path: string, status: object): Promise<void> {
  const patched = await api.json('PATCH', path, { ...annotated('status patched'), status }, 'application/merge-patch+json')
  expect(patched).toMatchObject(annotated('status patched'))
  expect(patched['status']).toEqual(status)
  const replaced = await api.json('PUT', path, { ...patched, metadata: { ...patched.metadata, ...annotated('status replaced').metadata } })
  expect(replaced['status']).toEqual(status)
  expect(await api.json('GET', path)).toMatchObject({ ...annotated('status replaced'), status })
}

function annotated(text: string) {
  return { metadata: { annotations: { conformance: text } } }
}
