import { expect, test } from 'vitest'
import { clusterCertificates } from './certificates.ts'
import { defaults } from './config.ts'

const config = { ...defaults, name: 'one', home: '/home', nodes: [1, 3] }
const byFile = new Map(clusterCertificates(config).map((request) => [request.file, request]))

test('there is one for the server, the administrator, the edge, DNS, the ingress and every node', () => {
  expect([...byFile.keys()]).toEqual(['server', 'admin', 'edge', 'dns', 'ingress', 'node-1', 'node-3'])
})

test('the server’s holds every name and address that it is reached by', () => {
  expect(byFile.get('server')).toMatchObject({
    addresses: ['127.0.0.1', '192.168.99.1', '10.96.0.1'],
    dnsNames: ['localhost', ...['', '.default', '.default.svc', '.default.svc.cluster.local'].map((end) => `kubernetes${end}`)],
  })
})

test('a node is who Kubernetes’ node authorization knows, at its address', () => {
  expect(byFile.get('node-3')).toEqual({
    file: 'node-3',
    commonName: 'system:node:node-3',
    organizations: ['system:nodes'],
    addresses: ['192.168.99.13'],
    dnsNames: ['node-3'],
  })
})

test('only server and administrator are masters', () => {
  const masters = [...byFile.values()].filter(({ organizations }) => organizations.includes('system:masters'))
  expect(masters.map(({ file }) => file)).toEqual(['server', 'admin'])
})

test('ranges and domain of one’s own are in them', () => {
  const ranges = { nodes: '172.30.0.0/24', services: '172.31.0.0/16' }
  const [server] = clusterCertificates({ ...config, ranges, clusterDomain: 'example.org' })
  expect(server?.addresses).toEqual(['127.0.0.1', '172.30.0.1', '172.31.0.1'])
  expect(server?.dnsNames).toContain('kubernetes.default.svc.example.org')
})
