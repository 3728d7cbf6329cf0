import { expect, test } from 'vitest'
import type { Ingress } from '../../api/kinds/ingress.ts'
import type { IngressReading } from '../../doctor/ingress/reading.ts'
import type { ServedRequest } from '../ingress/served-request.ts'
import type { Recording } from '../recording.ts'
import { isReached } from '../report.ts'
import { ends, endpoint, flow, sighting, walkOf, type Told } from './test-recording.ts'
import type { Walk } from './walk.ts'

const backend = { service: { name: 'kubia', port: { number: 80 } } }
const ingress: Ingress = {
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress',
  metadata: { name: 'shop', namespace: 'default', uid: 'shop', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { rules: [{ host: 'kubia.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
}
const reading: IngressReading = {
  served: new Set(['shop']),
  routes: [{ ingress, host: 'kubia.example.com', match: 'prefix', path: '', backend }],
  problems: [],
  certificates: [{ ingress, secretName: 'cert', hosts: ['kubia.example.com'], fingerprint: 'AA:BB', validFrom: new Date(0), validTo: new Date(0) }],
}
const at = '203.0.113.3:80'
const toFar = flow('192.168.99.1:50000', ends.far)
const request: ServedRequest = {
  method: 'GET', host: 'kubia.example.com', path: '/a', backend: 'default_kubia_80', status: 200, retries: 0, end: '--',
  lookups: [{ map: 'hosts', key: 'kubia.example.com', value: 'kubia.example.com' }, { map: 'prefixes', key: 'kubia.example.com/', value: 'default_kubia_80' }],
  server: { name: 's2', ...toFar },
  timers: { request: 0, queue: 0, connect: 1, response: 12, data: 0, total: 13 },
}
const connects = [sighting('edge', ['192.168.99.1:50000', ends.far], { iif: 'lo', oif: 'nodes' })]

function walk(relayed: Recording['relayed'], rest: Omit<Told, 'recording'> & { outcome?: Recording['outcome'] } = {}): Walk {
  const { outcome = { result: 'answered', connectMs: 1, answerMs: 2, answer: `HTTP ${relayed?.request?.status}`, body: 'portolan: no endpoint' }, ...told } = rest
  const recording = { outcome, connection: { protocol: 'tcp' as const, ...flow(ends.outside, at) }, sightings: [sighting('edge', [ends.outside, at], { end: 'delivered' })], ...(relayed === undefined ? {} : { relayed }) }
  return walkOf({ spec: { externalIPs: ['203.0.113.3'] }, reading, ...told, recording })
}

function said({ steps }: Walk): string {
  return steps.flatMap(({ place, text, details, warnings }) => [`${place}: ${text}`, ...details, ...warnings.map((line) => `! ${line}`)]).join('\n')
}

const tracked = new Map()

test('the rule, the server, its connection, and what HAProxy’s clock says', () => {
  const told = walk({ request, sightings: connects, tracked })
  expect(said(told)).toContain([
    'HAProxy: reads GET /a for the host kubia.example.com',
    'hosts: kubia.example.com : kubia.example.com',
    'prefixes: kubia.example.com/ : default_kubia_80',
    'ingress default/shop: host kubia.example.com, path / (Prefix) → service/kubia, port 80',
    'HAProxy: sends it to pod far on node-2',
    `server s2 of default_kubia_80: ${ends.far} (pod far on node-2)`,
    `a new connection: 192.168.99.1:50000 → ${ends.far}`,
    'edge: comes in by lo',
    'leaves by nodes',
    'HAProxy: passes on the pod’s answer, status 200',
    'request read 0 ms (TR), queued 0 ms (Tw), connected 1 ms (Tc), answer 12 ms (Tr), data 0 ms (Td), in all 13 ms (Ta)',
  ].join('\n'))
  expect(told.summary).toBe('answered by pod far on node-2 through ingress default/shop')
  expect(isReached(told)).toBe(true)
})

for (const { name, relayed, endpoints, says, summary, reached } of [
  { name: 'a connection from before', relayed: { request, sightings: [], tracked }, says: `a connection that it has from before: 192.168.99.1:50000 → ${ends.far}`, summary: 'answered by pod far on node-2 through ingress default/shop', reached: true },
  { name: 'an endpoint that the API does not have', relayed: { request, sightings: [], tracked }, endpoints: [endpoint('near', 1)], says: `! the API has no endpoint ${ends.far} of service/kubia, port 80: HAProxy is behind`, summary: 'answered by pod far on node-2 through ingress default/shop', reached: true },
  { name: 'a rule that the API does not have', relayed: { request: { ...request, lookups: [{ map: 'exact', key: 'kubia.example.com/a', value: 'default_kubia_80' }] }, sightings: [], tracked }, says: '! the API has no Ingress with such a rule: HAProxy is behind', summary: 'answered by pod far on node-2', reached: true },
  { name: 'a canary', relayed: { request: { ...request, backend: 'default_next_80' }, sightings: [], tracked }, says: 'its canary has this one: default_next_80', summary: 'answered by pod far on node-2 through ingress default/shop', reached: true },
  { name: 'a pod that does not take the connection', relayed: { request: { ...request, status: 503, end: 'SC', timers: { request: 0, total: 3 }, retries: 3 }, sightings: [], tracked }, says: 'HAProxy: answers by itself, status 503: it could not connect to the pod', summary: 'answered by HAProxy itself, status 503: no endpoint', reached: false },
  { name: 'a request that HAProxy says nothing of', relayed: { sightings: [], tracked }, says: 'HAProxy: takes the connection\nHAProxy has told of no request from this address and port', summary: 'answered by a program on the edge', reached: true },
] satisfies readonly { name: string; relayed: Recording['relayed']; endpoints?: Told['endpoints']; says: string; summary: string; reached: boolean }[]) {
  test(name, () => {
    const told = walk(relayed, endpoints === undefined ? {} : { endpoints })
    expect(said(told)).toContain(says)
    expect(told.summary).toBe(summary)
    expect(isReached(told)).toBe(reached)
  })
}

test('a host that nobody has a rule for', () => {
  const { server: _, ...bare } = request
  const told = walk({ request: { ...bare, lookups: [], backend: 'nobody', status: 404, end: 'LR', timers: { request: 0, total: 0 } }, sightings: [], tracked })
  expect(said(told)).toContain('nothing else is found: no Ingress has a rule for it\nHAProxy: answers by itself, status 404\nrequest read 0 ms (TR), in all 0 ms (Ta)')
  expect(isReached(told)).toBe(false)
})

test('whose certificate was shown', () => {
  const shown = (fingerprint: string) => {
    const tls = { ms: 3, version: 'TLSv1.3', cipher: 'TLS_AES', sni: 'kubia.example.com', certificate: { subject: 'shop', names: ['kubia.example.com'], issuer: 'us', validTo: '2027-01-01T00:00:00Z', fingerprint } }
    return said(walk({ request, sightings: [], tracked }, { outcome: { result: 'answered', connectMs: 1, answerMs: 2, tls } }))
  }
  expect(shown('AA:BB')).toContain('agrees on TLSv1.3, TLS_AES\nasks for kubia.example.com (SNI)\nis shown a certificate of shop, for kubia.example.com\nissued by us, valid to 2027-01-01\nit is that of Secret default/cert, named by ingress default/shop')
  expect(shown('CC:DD')).toContain('no Secret of an Ingress has it: it is the default certificate')
})
