import { expect, test } from 'vitest'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { stateLines } from './state-lines.ts'

const metadata = (name: string) => ({ name, namespace: 'tour', uid: '1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const service = (name: string, spec: Service['spec'], ip?: string): Service => ({
  apiVersion: 'v1', kind: 'Service', metadata: metadata(name), spec, status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
})
const pod = (name: string, status: NonNullable<Pod['status']>, more: Partial<Pod['metadata']> = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata(name), ...more }, spec: { nodeName: 'node-1', containers: [] }, status,
})
const ready = [{ type: 'Ready', status: 'True' }]

test('a line for each Service and pod', () => {
  const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: metadata('kubia'), subsets: [{ addresses: [{ ip: '10.108.1.2' }], ports: [{ port: 8080 }] }] }
  expect(stateLines({
    services: [service('kubia', { clusterIP: '10.96.0.7' }, '203.0.113.10'), service('alias', { type: 'ExternalName', externalName: 'api.example' })],
    endpoints: [endpoints],
    pods: [pod('a', { podIP: '10.108.1.2', conditions: ready }), pod('b', { podIP: '10.108.1.3' }), pod('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  })).toEqual([
    'service/kubia  10.96.0.7 203.0.113.10  → 10.108.1.2:8080',
    'service/alias  api.example             → no endpoints',
    'pod/a          10.108.1.2              ready node-1',
    'pod/b          10.108.1.3              not ready node-1',
    'pod/c          -                       ending node-1',
  ])
})
