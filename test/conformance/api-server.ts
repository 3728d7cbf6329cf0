import { expect } from 'vitest'
import type { Endpoints } from '../../src/api/kinds/endpoints.ts'
import type { EndpointSlice } from '../../src/api/kinds/endpoint-slice.ts'
import type { Service } from '../../src/api/kinds/service.ts'
import type { ConformanceGroup } from './conformance-case.ts'

const service = '/api/v1/namespaces/default/services/kubernetes'
const endpointsOfIt = '/api/v1/namespaces/default/endpoints/kubernetes'
const slicesOfIt = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes'

export const apiServer: ConformanceGroup = {
  title: 'API Server',
  cases: [
    {
      name: 'should have Endpoints and EndpointSlices pointing to API Server',
      async perform({ api }) {
        const { subsets = [] } = (await api.json('GET', endpointsOfIt)) as unknown as Endpoints
        const { items } = (await api.json('GET', slicesOfIt)) as unknown as { items: EndpointSlice[] }
        const addresses = subsets.flatMap((subset) => (subset.addresses ?? []).map(({ ip }) => ip))
        expect(addresses).toHaveLength(1)
        expect(items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses))).toEqual(addresses)
        expect(items.flatMap(({ ports }) => ports)).toMatchObject(subsets.flatMap(({ ports }) => ports ?? []))
      },
    },
    {
      name: 'should provide secure master service',
      async perform(tenant) {
        const { spec } = (await tenant.api.json('GET', service)) as unknown as Service
        expect(spec.ports).toMatchObject([{ name: 'https', port: 443 }])
        await tenant.askerPod()
        const authority = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'
        expect(await tenant.exec('asker', 'curl', '-sS', '--cacert', authority, 'https://kubernetes.default.svc/readyz')).toBe('ok')
      },
    },
  ],
}
