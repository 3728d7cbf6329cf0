import { expect, test } from 'vitest'
import type { Service } from '../../api/kinds/service.ts'
import { UserError } from '../context.ts'
import { choose, targetOf } from './choice.ts'

test.each([
  [undefined, undefined, { kind: 'all', namespace: undefined }],
  ['service/kubia', undefined, { kind: 'service', name: 'kubia', namespace: 'default' }],
  ['svc/kubia', 'shop', { kind: 'service', name: 'kubia', namespace: 'shop' }],
  ['ingress/kubia', undefined, { kind: 'ingress', name: 'kubia', namespace: 'default' }],
  ['ing/kubia', undefined, { kind: 'ingress', name: 'kubia', namespace: 'default' }],
])('%s in %s', (text, namespace, target) => {
  expect(targetOf(text, namespace)).toEqual(target)
})

test.each(['pod/kubia', 'kubia', 'service/', 'service/a/b'])('refused: %s', (text) => {
  expect(() => targetOf(text, undefined)).toThrow(UserError)
})

function service(name: string, namespace: string, spec: Partial<Service['spec']> = {}): Service {
  const metadata = { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec }
}

const objects = {
  services: [service('kubia', 'default'), service('kubia', 'shop'), service('portolan-ingress', 'kube-system', { loadBalancerClass: 'portolan.dev/ingress' })],
  ingresses: [], pods: [], nodes: [], endpoints: [], slices: [], events: [], classes: [], secrets: [],
}
const reading = { served: new Set<string>(), routes: [], problems: [], certificates: [] }
const keys = ({ services }: ReturnType<ReturnType<typeof choose>>) => services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)

test('of all Services that of the ingress is left out while HAProxy sleeps', () => {
  expect(keys(choose({ kind: 'all', namespace: undefined })(objects, reading))).toEqual(['default/kubia', 'shop/kubia'])
  expect(keys(choose({ kind: 'all', namespace: 'kube-system' })(objects, { ...reading, served: new Set(['a']) }))).toEqual(['kube-system/portolan-ingress'])
})

test('one is found by its name and namespace, or an error says where to look', () => {
  expect(keys(choose({ kind: 'service', name: 'kubia', namespace: 'shop' })(objects, reading))).toEqual(['shop/kubia'])
  expect(() => choose({ kind: 'ingress', name: 'kubia', namespace: 'shop' })(objects, reading)).toThrow('there is no ingress/kubia in namespace shop: see kubectl get ingresses -A')
})
