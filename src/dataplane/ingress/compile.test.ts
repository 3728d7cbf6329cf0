import { expect, test } from 'vitest'
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Ingress, IngressSpec } from '../../api/kinds/ingress.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { scratch } from '../../kernel/test-scratch.ts'
import { CertificateStore } from './certificate-store.ts'
import { compile, type IngressWorld } from './compile.ts'
import { filePaths, renderFiles, writeFiles } from './files.ts'
import type { MainSettings } from './main-text.ts'
import { emptySlots } from './slots.ts'
import { backend, rules } from './test-site.ts'

const directory = '/run/portolan/ingress'
const settingsIn = (directory: string): MainSettings => ({
  addresses: ['203.0.113.3', '192.168.99.1'],
  ports: { http: 80, https: 443 },
  directory,
  threads: 2,
  accessLog: true,
  metrics: { address: '192.168.99.1', port: 8404 },
})

const pki = await throwawayPki()
const data = (values: Record<string, string>) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
const metadata = (name: string) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })

function ingress(name: string, spec: Partial<IngressSpec>, annotations: Record<string, string> = {}): Ingress {
  const own = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`portolan.dev/${key}`, value]))
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { ...metadata(name), annotations: own }, spec: spec as IngressSpec }
}

function service(name: string, spec: Partial<ServiceSpec> = {}): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: metadata(name), spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec } }
}

function slice(of: string, addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata(`${of}-1`), labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }
}

/** One of everything. */
function world(): IngressWorld {
  const services = new Map([
    service('web'),
    service('sticky', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } }),
    service('next'),
    service('outside', { type: 'ExternalName', externalName: 'api.somecompany.com', ports: [] }),
  ].map((each) => [`default/${each.metadata.name}`, each]))
  const secrets = new Map<string, Secret>([
    ['default/cert', { apiVersion: 'v1', kind: 'Secret', metadata: metadata('cert'), data: data({ 'tls.crt': pki.server.cert, 'tls.key': pki.server.key }) }],
    ['default/users', { apiVersion: 'v1', kind: 'Secret', metadata: metadata('users'), data: data({ auth: 'anna:$6$salt$WZf6zq9VdBwk1mXc5cUv3hJw2a0b1c2d3e4f5g6h7i8j9k0l\n' }) }],
  ])
  const certificates = new CertificateStore((key) => secrets.get(key))
  const everything = {
    'ssl-redirect': 'true', 'rewrite-target': '/v1', 'connect-timeout': '1s', 'response-timeout': '2m', 'max-body-size': '1m', 'backend-protocol': 'HTTPS',
    'cors-allow-origin': 'https://a.com,https://b.com', 'cors-allow-credentials': 'true', 'auth-secret': 'users', 'rate-limit': '10',
    'allow-source-ranges': '10.0.0.0/8,192.168.0.1', 'sticky-cookie': 'route',
  }
  return {
    ingresses: [
      ingress('plain', { ...rules({ 'web.example.com/': 'web', 'web.example.com/exact=': 'web', '*.example.com/a;b': 'sticky' }), tls: [{ hosts: ['web.example.com'], secretName: 'cert' }] }),
      ingress('everything', rules({ 'all.example.com/a.b$(c)': 'web' }), everything),
      ingress('canary', rules({ 'web.example.com/': 'next' }), { canary: 'true', 'canary-weight': '20', 'canary-header': 'X-Canary' }),
      ingress('fallback', { defaultBackend: backend('outside', { number: 443 }) }, { 'backend-protocol': 'H2C' }),
    ],
    service: (key) => services.get(key),
    secret: (key) => secrets.get(key),
    slicesOf: (key) => (key === 'default/web' ? [slice('web', ['10.108.1.3', '10.108.1.2'])] : []),
    certificate: (key) => certificates.get(key),
    externalName: () => ({ addresses: ['198.51.100.7'] }),
    isOwn: () => false,
    clusterDomain: 'cluster.local',
  }
}

function filesIn(directory: string): ReadonlyMap<string, string> {
  const { description } = compile(world(), settingsIn(directory), new Map())
  const slots = new Map([...description.servers].map(([name, addresses]) => [name, [...addresses, ...emptySlots(1)]]))
  return renderFiles(directory, description, { slots, defaultCertificate: `${pki.server.cert}\n${pki.server.key}\n` })
}

test('the configuration of one of everything', async () => {
  const paths = filePaths(directory)
  const files = filesIn(directory)
  await expect(files.get(paths.config)).toMatchFileSnapshot('golden/haproxy.cfg')
  const others = [paths.certificateList, ...['hosts', 'exact', 'prefixes', 'defaults', 'canaries'].map(paths.map)]
  await expect(others.map((path) => `# ${path}\n${files.get(path)}`).join('\n')).toMatchFileSnapshot('golden/maps')
})

test('HAProxy takes it, without a warning', async () => {
  await using folder = await scratch()
  await writeFiles(folder.path, filesIn(folder.path))
  const { stderr } = await realProcesses.run(['haproxy', '-c', '-f', filePaths(folder.path).config])
  expect(stderr).not.toMatch(/WARNING|ALERT/)
})

test('equal worlds give equal texts', () => {
  expect([...filesIn(directory)]).toEqual([...filesIn(directory)])
})
