import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import { askedOf, clientOf } from './asking.ts'

test.each([
  ['http://kubia', { scheme: 'http', host: 'kubia', port: 80 }],
  ['https://kubia.shop/path?a=b', { scheme: 'https', host: 'kubia.shop', port: 443 }],
  ['http://kubia?a=b', { scheme: 'http', host: 'kubia', port: 80 }],
  ['http://kubia:8080?a=b', { scheme: 'http', host: 'kubia', port: 8080 }],
  ['tcp://10.96.0.1:8080', { scheme: 'tcp', host: '10.96.0.1', port: 8080 }],
  ['ping://kubia', { scheme: 'ping', host: 'kubia', port: 0 }],
  ['service/kubia', undefined],
])('%s', (text, asked) => {
  expect(askedOf(text)).toEqual(asked)
})

test.each([
  ['ftp://kubia', '"ftp://kubia" begins with ftp://, which is not known: begin with http://, https://, tcp://, udp:// or ping://'],
  ['git+ssh://kubia', 'begins with git+ssh://, which is not known'],
  ['http://[::1]:80', 'has an IPv6 address, which clusters here do not have: give a name or an IPv4 address, as in http://kubia:80'],
  ['tcp://kubia', 'has no port from 1 to 65535'],
  ['http://kubia:0', 'has no port from 1 to 65535'],
  ['http://kubia:http', 'has no port from 1 to 65535'],
  ['http://:80', 'has no host'],
])('refused: %s', (text, message) => {
  expect(() => askedOf(text)).toThrow(message)
})

function pod(name: string, namespace: string, isReady: boolean): Pod {
  const metadata = { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] } }
}

const objects = {
  pods: [pod('starting', 'default', false), pod('web', 'default', true), pod('cart', 'shop', true)],
  nodes: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'n', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: {} }],
  services: [], ingresses: [], endpoints: [], slices: [], events: [], classes: [], secrets: [], namespaces: [],
}

test.each([
  [undefined, 'default', { kind: 'pod', pod: objects.pods[1] }],
  ['pod/starting', 'default', { kind: 'pod', pod: objects.pods[0] }],
  ['pod/cart', 'shop', { kind: 'pod', pod: objects.pods[2] }],
  ['node/node-1', 'default', { kind: 'node', name: 'node-1' }],
  ['outside', 'default', { kind: 'outside' }],
  ['here', 'default', { kind: 'machine' }],
])('from %s in %s', (from, namespace, client) => {
  expect(clientOf(from, namespace)(objects)).toEqual(client)
})

test.each([
  ['pod/none', 'default', 'there is no pod none in namespace default'],
  [undefined, 'empty', 'there is no ready pod in namespace empty to ask from'],
  ['node/node-2', 'default', 'there is no node node-2: there are node-1'],
  ['elsewhere', 'default', '--from "elsewhere" is no place'],
])('refused: from %s in %s', (from, namespace, message) => {
  expect(() => clientOf(from, namespace)(objects)).toThrow(message)
})
