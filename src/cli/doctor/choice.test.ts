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
  namespaces: ['default', 'shop', 'kube-system', 'empty'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' } })),
}
const reading = { served: new Set<string>(), routes: [], problems: [], certificates: [] }
const keys = ({ services }: ReturnType<ReturnType<typeof choose>>) => services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)

test('of all Services that of the ingress is left out while HAProxy sleeps', () => {
  expect(keys(choose({ kind: 'all', namespace: undefined })(objects, reading))).toEqual(['default/kubia', 'shop/kubia'])
  expect(keys(choose({ kind: 'all', namespace: 'kube-system' })(objects, { ...reading, served: new Set(['a']) }))).toEqual(['kube-system/portolan-ingress'])
})

test('one is found by its name and namespace', () => {
  expect(keys(choose({ kind: 'service', name: 'kubia', namespace: 'shop' })(objects, reading))).toEqual(['shop/kubia'])
})

test.each([
  [{ kind: 'ingress', name: 'kubia', namespace: 'shop' }, 'there is no ingress/kubia in namespace shop: see kubectl get ingresses -A, and give -n NAMESPACE'],
  [{ kind: 'service', name: 'kubia', namespace: 'empty' }, 'there is no service/kubia in namespace empty: service/kubia is in default, shop: give -n default'],
  [{ kind: 'service', name: 'kubia', namespace: 'shpo' }, 'there is no namespace shpo: service/kubia is in shop, default: give -n shop'],
  [{ kind: 'service', name: 'kubai', namespace: 'shop' }, 'there is no service/kubai in namespace shop: service/kubia may be meant'],
  [{ kind: 'service', name: 'kubai', namespace: 'shpo' }, 'there is no namespace shpo: service/kubia -n shop may be meant'],
  [{ kind: 'service', name: 'cart', namespace: 'nowhere' }, 'there is no namespace nowhere: see kubectl get services -A'],
] as const)('%o is not there', (target, says) => {
  expect(() => choose(target)(objects, reading)).toThrow(says)
})
