import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import type { Draft } from '../api/object.ts'
import { planSlices, type SliceGroup, type SliceOwner } from './slice-plan.ts'

const owner: SliceOwner = {
  namespace: 'default',
  name: 'kubia',
  reference: { apiVersion: 'v1', kind: 'Service', name: 'kubia', uid: 'service' },
  labels: { app: 'kubia' },
  isLeaving: false,
  maxEndpoints: 4,
}

function endpoint(number: number, ready = true): Endpoint {
  return { addresses: [`10.0.0.${number}`], conditions: { ready }, targetRef: { uid: `pod-${number}` } }
}

function group(numbers: readonly number[], port: number): SliceGroup {
  return {
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: numbers.map((n) => endpoint(n)),
  }
}

/** What the server holds after the plan has been written. */
function applied(existing: readonly EndpointSlice[], groups: readonly SliceGroup[]) {
  const isTaken = (name: string) => existing.some(({ metadata }) => metadata.name === name)
  const plan = planSlices(owner, groups, { existing, isTaken })
  const kept = existing
    .filter((slice) => !plan.delete.includes(slice))
    .map((slice) => plan.update.find(({ metadata }) => metadata.name === slice.metadata.name) ?? slice)
  return { plan, slices: [...kept, ...plan.create.map(stored)] }
}

function stored(draft: Draft<EndpointSlice>): EndpointSlice {
  const metadata = {
    ...draft.metadata,
    name: draft.metadata.name ?? '',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '',
  }
  return { ...draft, apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata }
}

const contents = (slices: readonly Pick<EndpointSlice, 'endpoints' | 'ports'>[]) =>
  slices.flatMap(
    ({ endpoints, ports }) => endpoints.map(({ addresses }) => `${addresses[0]} ${ports?.[0]?.port}`),
  ).sort()

const size = ({ create, update, delete: deleted }: ReturnType<typeof planSlices>) =>
  create.length + update.length + deleted.length

test('any sequence of wanted endpoints is held exactly, in slices that are not too long, and writing ends', () => {
  const numbers = fc.uniqueArray(fc.nat(30), { maxLength: 14 })
  const wanted = fc.record({ http: numbers, alt: numbers })
  fc.assert(
    fc.property(fc.array(wanted, { minLength: 1, maxLength: 6 }), (sequence) => {
      let slices: readonly EndpointSlice[] = []
      for (const { http, alt } of sequence) {
        const groups = [group(http, 8080), group(alt.filter((n) => !http.includes(n)), 9090)]
        slices = applied(slices, groups).slices
        expect(contents(slices)).toEqual(
          contents(groups.map((each) => ({ ...each, endpoints: [...each.endpoints], ports: [...each.ports] }))),
        )
        for (const { endpoints } of slices) expect(endpoints.length).toBeLessThanOrEqual(owner.maxEndpoints)
        expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(slices.length)
        expect(size(applied(slices, groups).plan)).toBe(0)
      }
    }),
  )
})

test('new endpoints go into a slice that is written anyway', () => {
  const { slices } = applied([], [group([1, 2, 3, 4, 5, 6], 80)])
  const { plan } = applied(slices, [group([1, 2, 3, 5, 6, 7], 80)])
  expect(plan).toMatchObject({ create: [], delete: [], update: [{ endpoints: [1, 2, 3, 7].map((n) => endpoint(n)) }] })
})

test('without such a slice they fill the fullest that has room for all', () => {
  const { slices } = applied([], [group([1, 2, 3, 4, 5], 80)])
  const { plan } = applied(slices, [group([1, 2, 3, 4, 5, 6], 80)])
  expect(plan).toMatchObject({ create: [], delete: [], update: [{ endpoints: [endpoint(5), endpoint(6)] }] })
})

test('slices of an earlier Service of the same name are not used', () => {
  const { slices } = applied([], [group([1], 80)])
  const [old] = slices
  if (old === undefined) throw new Error('no slice')
  const foreign = { ...old, metadata: { ...old.metadata, ownerReferences: [{ ...owner.reference, uid: 'earlier' }] } }
  const { plan } = applied([foreign], [group([1], 80)])
  expect(plan.delete).toEqual([foreign])
  expect(plan.create).toHaveLength(1)
  expect(plan.create[0]?.metadata.name).not.toBe(old.metadata.name)
})

test('changed labels of the owner are written', () => {
  const { slices } = applied([], [group([1], 80)])
  const relabelled = { ...owner, labels: { app: 'new' } }
  const plan = planSlices(relabelled, [group([1], 80)], { existing: slices, isTaken: () => true })
  expect(plan.update.map(({ metadata }) => metadata.labels)).toEqual([{ app: 'new' }])
})
