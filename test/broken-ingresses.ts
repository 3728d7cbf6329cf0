import { expired, throwawayPki, type KeyPair } from '../src/base/throwaway-pki.ts'
import type { SetUp } from './broken-services.ts'

/**
 * Ingresses as people get them wrong, and right ones, each with what the doctor must say first. They lead to Services of the
 * catalogue of those.
 */
export async function ingressSetUps(): Promise<readonly SetUp[]> {
  const pki = await throwawayPki()
  const [good, old, other] = await Promise.all([pki.issue('CN=good.example.com'), pki.issue('CN=old-certificate.example.com', expired), pki.issue('CN=other.example.com')])
  return [...healthy(good), ...ofClasses(), ...ofRules(), ...ofServices(), ...ofCertificates({ good, old, other }), ...ofAnnotations()]
}

interface Shape {
  readonly host?: string
  readonly path?: string
  readonly pathType?: string
  readonly service?: string
  readonly port?: object
  readonly backend?: object
  readonly secret?: string
  readonly spec?: object
  readonly annotations?: object
  readonly namespace?: string
}

function healthy(certificate: KeyPair): SetUp[] {
  return [
    one('well', undefined),
    one('well-with-certificate', undefined, { host: 'good.example.com', secret: 'good' }, tls('good', certificate)),
    one('well-wild', undefined, { host: '*.wild.example.com' }),
    one('well-by-name', undefined, { service: 'named-ports', port: { name: 'http' } }, {
      apiVersion: 'v1', kind: 'Service', metadata: { name: 'named-ports' }, spec: { selector: { app: 'right' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    }),
    one('well-redirected', undefined, { annotations: { 'portolan.dev/ssl-redirect': 'true' } }),
    one('well-by-default', undefined, { spec: { rules: [], defaultBackend: { service: { name: 'right', port: { number: 80 } } } } }),
  ]
}

function ofClasses(): SetUp[] {
  const foreign = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'foreign' }, spec: { controller: 'example.com/other' } }
  return [
    one('class-missing', 'IngressClassMissing', { annotations: { 'kubernetes.io/ingress.class': '' } }),
    one('class-unknown', 'IngressClassUnknown', { spec: { ingressClassName: 'nginx' } }),
    one('class-foreign', 'IngressClassForeign', { spec: { ingressClassName: 'foreign' } }, foreign),
  ]
}

function ofRules(): SetUp[] {
  const bucket = { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'static' } }
  return [
    one('host-of-well', 'HostConflict', { host: 'well.example.com', namespace: 'shop' }),
    one('well-taken-path', 'PathConflict', { host: 'well.example.com', service: 'right-named' }),
    one('path-unheard', 'InvalidPath', { path: '/a|b' }),
    one('path-pattern', 'PathNeverMatches', { path: '/api/(.*)' }),
    one('path-upwards', 'PathNeverMatches', { path: '/a/../b', pathType: 'ImplementationSpecific' }),
    one('to-bucket', 'UnsupportedBackend', { backend: bucket }),
  ]
}

function ofServices(): SetUp[] {
  return [
    one('to-nobody', 'ServiceNotFound', { service: 'rihgt' }),
    one('to-other-namespace', 'ServiceNotFound', { service: 'right', namespace: 'shop' }),
    one('to-pod-port', 'ServicePortNotFound', { port: { number: 8080 } }),
    one('to-no-such-name', 'ServicePortNotFound', { port: { name: 'http' } }),
    one('to-unready', 'PodsNotReady', { service: 'never-ready' }, ...neverReady()),
    one('to-misprint', 'SelectorMatchesNoPods', { service: 'selects-nothing' }, service('selects-nothing', { selector: { app: 'nobody' } })),
    one('to-no-listener', 'TargetPortWithoutListener', { service: 'wrong-port' }),
    one('to-mute', 'RequestFails', { service: 'mute' }, ...mute()),
  ]
}

function ofCertificates({ good, old, other }: Record<'good' | 'old' | 'other', KeyPair>): SetUp[] {
  return [
    one('no-secret', 'SecretNotFound', { secret: 'none' }),
    one('no-certificate', 'InvalidCertificate', { secret: 'no-certificate' }, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'no-certificate' }, stringData: { 'tls.crt': 'x' } }),
    one('other-key', 'InvalidCertificate', { secret: 'other-key' }, tls('other-key', { cert: good.cert, key: other.key })),
    one('other-host', 'CertificateMismatch', { secret: 'other-host' }, tls('other-host', other)),
    one('old-certificate', 'CertificateExpired', { secret: 'old' }, tls('old', old)),
  ]
}

function ofAnnotations(): SetUp[] {
  return [
    one('unknown-annotation', 'InvalidAnnotation', { annotations: { 'portolan.dev/rewrite': '/' } }),
    one('wrong-annotation', 'InvalidAnnotation', { annotations: { 'portolan.dev/rate-limit': 'much' } }),
    one('canary-of-nothing', 'InvalidCanary', { annotations: { 'portolan.dev/canary': 'true', 'portolan.dev/canary-weight': '10' } }),
    one('let-in-others', 'AddressNotAllowed', { annotations: { 'portolan.dev/allow-source-ranges': '10.0.0.0/8' } }),
  ]
}

/** A host of its own, `NAME.example.com`, all paths of which lead to the Service `right` but for what is told otherwise. */
function one(name: string, reason: string | undefined, shape: Shape = {}, ...objects: readonly object[]): SetUp {
  const { host = `${name}.example.com`, path = '/', pathType = 'Prefix', service: to = 'right', port = { number: 80 }, namespace = 'default', annotations = {}, secret, spec = {} } = shape
  const { backend = { service: { name: to, port } } } = shape
  const tlsOfHost = secret === undefined ? {} : { tls: [{ hosts: [host], secretName: secret }] }
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, annotations },
    spec: { rules: [{ host, http: { paths: [{ path, pathType, backend }] } }], ...tlsOfHost, ...spec },
  }
  return { name, reason, objects: [...objects, ingress] }
}

function tls(name: string, { cert, key }: KeyPair): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': cert, 'tls.key': key } }
}

function service(name: string, spec: object = {}): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec } }
}

function pod(name: string, container: object): object {
  const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'luksa/kubia', ...container }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec }
}

function neverReady(): object[] {
  return [pod('never-ready', { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }), service('never-ready')]
}

/** Whatever it is asked, it says something that is no HTTP. */
function mute(): object[] {
  const program = `require('net').createServer((socket) => socket.on('error', () => {}).end('what?\\n')).listen(8080)`
  return [pod('mute', { command: ['node', '-e', program] }), service('mute')]
}
