import { expect, test } from 'vitest'
import type { Ingress } from '../api/kinds/ingress.ts'
import type { Service } from '../api/kinds/service.ts'
import { fromOutside } from './outside-names.ts'
import { parseTarget } from './target.ts'

const surroundings = { nodes: [], outside: { netns: '/outside', address: '203.0.113.2' }, dnsServer: '', ingressAddress: '203.0.113.3', domain: '' }
const meta = (name: string) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })

function ingress(name: string, host: string, ip?: string): Ingress {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: meta(name), spec: { rules: [{ host }] }, status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } } }
}

function service(name: string, type: string, ip?: string): Service {
  const ports = [{ port: 80, nodePort: 30080 }]
  return { apiVersion: 'v1', kind: 'Service', metadata: meta(name), spec: { type, ports }, status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } } }
}

const names = {
  ingresses: [ingress('new', 'a.example.com'), ingress('one', 'a.example.com', '203.0.113.3'), ingress('wild', '*.example.org', '203.0.113.4')],
  services: [service('balanced', 'LoadBalancer', '203.0.113.10'), service('ported', 'NodePort')],
}

test('hosts of Ingresses have the address of the Ingress', () => {
  const find = (host: string) => fromOutside(parseTarget(`http://${host}`), surroundings, names)
  expect(find('a.example.com')).toMatchObject({ address: '203.0.113.3', naming: { by: 'ingress', ingress: 'default/one' } })
  expect(find('b.example.org')).toMatchObject({ address: '203.0.113.4' })
  expect(find('203.0.113.9')).toEqual({ source: { kind: 'outside', name: 'outside', netns: '/outside' } })
})

for (const { host, says } of [
  { host: 'balanced', says: 'clients outside have no DNS for balanced: give the address of service/balanced, 203.0.113.10:80' },
  { host: 'ported.default', says: 'give the address of a node and the node port of service/ported, 30080' },
  { host: 'b.c.example.org', says: 'give an address and a port' },
  { host: 'example.org', says: 'give an address and a port' },
]) {
  test(`${host} is not known outside`, () => {
    expect(() => fromOutside(parseTarget(`http://${host}`), surroundings, names)).toThrow(says)
  })
}
