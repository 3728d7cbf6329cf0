import { expect, test } from 'vitest'
import type { Event } from '../../api/kinds/event.ts'
import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import type { Ingress } from '../../api/kinds/ingress.ts'
import { facts as serviceFacts, node, pod, type Setup as ServiceSetup } from '../fixtures.ts'
import type { Finding } from '../finding.ts'
import type { RequestAnswer } from '../reach/questions.ts'
import { documentFile, reasonsDocument } from '../test-reasons-document.ts'
import { diagnoseIngress, ingressRules } from './diagnose-ingress.ts'
import type { IngressFacts } from './facts.ts'
import type { IngressCertificate, IngressReading } from './reading.ts'
import { requestsOf } from './requests.ts'

const host = 'kubia.example.com'

interface Setup extends ServiceSetup {
  readonly ingress?: Partial<Ingress['spec']>
  readonly backend?: { readonly name?: string; readonly port?: { readonly number?: number; readonly name?: string } }
  readonly path?: string
  readonly annotations?: Record<string, string>
  readonly isForeign?: boolean
  readonly classes?: readonly IngressClass[]
  readonly hasAddress?: boolean
  readonly problem?: { readonly reason: string; readonly message: string }
  readonly certificate?: Partial<IngressCertificate>
  /** What comes of all requests; 200 unless given. */
  readonly response?: Partial<RequestAnswer>
  readonly told?: readonly Event[]
}

function meta(name: string) {
  return { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}

function classNamed(name: string, controller: string): IngressClass {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: meta(name), spec: { controller } }
}

/** A healthy Ingress of the healthy Service `kubia`, but for what is told otherwise. */
function facts(setup: Setup = {}): IngressFacts {
  const service = serviceFacts(setup)
  const { path = '/', hasAddress = true, annotations = {}, backend = {}, isForeign = false, told = [] } = setup
  const rule = { path, pathType: 'Prefix', backend: { service: { name: 'kubia', port: { number: 80 }, ...backend } } }
  const ingress: Ingress = {
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { ...meta('web'), annotations },
    spec: { ingressClassName: 'portolan', rules: [{ host, http: { paths: [rule] } }], ...setup.ingress },
    status: { loadBalancer: hasAddress ? { ingress: [{ ip: '203.0.113.3' }] } : {} },
  }
  const certificate: IngressCertificate | undefined = setup.certificate === undefined ? undefined : {
    ingress, secretName: 'tls', hosts: [host], fingerprint: 'AA:BB', validFrom: new Date('2025-01-01'), validTo: new Date('2027-01-01'), ...setup.certificate,
  }
  const reading: IngressReading = {
    served: new Set(isForeign ? [] : ['web']),
    routes: isForeign ? [] : [{ ingress, host, match: 'prefix', path: path.replace(/\/+$/, ''), backend: rule.backend }],
    problems: setup.problem === undefined ? [] : [{ ingress, ...setup.problem }],
    certificates: certificate === undefined ? [] : [certificate],
  }
  const { cluster: bare } = service
  const asked = requestsOf({ ingress, reading, cluster: bare })
  const requests = asked.map(({ request }): RequestAnswer => ({ ...request, isConnected: true, status: 200, body: 'You’ve hit kubia', ...(request.scheme === 'https' ? { fingerprint: 'AA:BB' } : {}), ...setup.response }))
  const views = bare.views.map((view) => (view.kind === 'outside' ? { ...view, answers: { ...view.answers, requests } } : view))
  const cluster = { ...bare, views, events: told }
  const { classes = [classNamed('portolan', 'portolan.dev/ingress')] } = setup
  return {
    ingress, reading, cluster,
    objects: { ingresses: [ingress], classes, services: cluster.services, slices: cluster.slices, secrets: [] },
    services: setup.backend?.name === undefined ? new Map([['kubia', { ...service, cluster }]]) : new Map(),
  }
}

function own(status: number, text: string): Partial<RequestAnswer> {
  return { status, body: `portolan: ${text}\n` }
}

const told = (reason: string, message: string, lastTimestamp: string): Event => ({
  apiVersion: 'v1', kind: 'Event', metadata: meta(`web.${lastTimestamp}`), reason, message, lastTimestamp,
  involvedObject: { kind: 'Ingress', name: 'web', namespace: 'default', uid: 'web' },
})
const refusal = told('RefusedByHAProxy', 'the backend of Service default/kubia is not served: unknown keyword', '2026-01-01T00:00:00Z')
const unresolved = told('NameNotResolved', 'the name nowhere.example of Service default/kubia leads nowhere: nobody knows it', '2026-01-01T00:00:00Z')
const circle = told('RequestLoop', 'Service default/kubia leads to 203.0.113.3:80, which is this ingress itself: requests would go round and round, so none is sent there; lead to the Service whose pods are to answer', '2026-01-01T00:00:00Z')
const solved = told('ProblemsSolved', 'Nothing is wrong with this Ingress any more', '2026-01-01T00:01:00Z')
const slow = { status: undefined as never, body: undefined as never, error: 'no answer in time' }
const nobody = own(503, 'the Service default/kubia has no ready endpoint for its port 80')
const problem = (reason: string, message: string) => ({ problem: { reason, message } })

interface Case extends Setup {
  readonly name: string
  readonly reasons: readonly string[]
  /** Part of the first command. */
  readonly command?: string
}

const noPods = { pods: [], slices: [], kernel: new Map() }

const cases: readonly Case[] = [
  { name: 'a healthy one', reasons: [] },
  { name: 'one with a certificate', certificate: {}, reasons: [] },
  { name: 'a program that knows no such page', response: { status: 404, body: 'not found' }, reasons: [] },
  { name: 'a redirect', response: { status: 308, body: '' }, reasons: [] },
  { name: 'no class', isForeign: true, ingress: { ingressClassName: undefined as never }, reasons: ['IngressClassMissing'], command: '"ingressClassName":"portolan"' },
  { name: 'an empty class of old', isForeign: true, annotations: { 'kubernetes.io/ingress.class': '' }, ingress: { ingressClassName: undefined as never }, reasons: ['IngressClassMissing'] },
  { name: 'a class with a misprint', isForeign: true, ingress: { ingressClassName: 'portlan' }, reasons: ['IngressClassUnknown'], command: '"ingressClassName":"portolan"' },
  { name: 'the class of another', isForeign: true, ingress: { ingressClassName: 'nginx' }, classes: [classNamed('nginx', 'k8s.io/ingress-nginx')], reasons: ['IngressClassForeign'], command: 'portolan' },
  { name: 'no HAProxy', response: { status: undefined as never, error: 'ECONNREFUSED', isConnected: false }, reasons: ['IngressProxyDown'], command: './portolan status' },
  { name: 'a host of another namespace', ...problem('HostConflict', 'host kubia.example.com belongs to Ingress shop/kubia, which does not share it'), reasons: ['HostConflict'], command: 'kubectl edit ingress web' },
  { name: 'a path of an older one', ...problem('PathConflict', 'path / (Prefix) of host kubia.example.com is served by Ingress default/older'), reasons: ['PathConflict'] },
  { name: 'a host that is no name', ...problem('InvalidHost', 'host "kubia_example" is not a name such as "example.com" or "*.example.com"'), reasons: ['InvalidHost'] },
  { name: 'a path that no request has', ...problem('InvalidPath', 'path "/a|b" has characters that no request has'), reasons: ['InvalidPath'] },
  { name: 'a backend that is no Service', ...problem('UnsupportedBackend', 'a backend is StorageBucket static: only Services can be served'), reasons: ['UnsupportedBackend'] },
  { name: 'a pattern', path: '/api/(.*)', reasons: ['PathNeverMatches'] },
  { name: 'a path upwards', path: '/a/../b', response: own(400, 'the path has dots that lead upwards'), reasons: ['PathNeverMatches'] },
  { name: 'a Service with a misprint', backend: { name: 'kubai' }, response: nobody, reasons: ['ServiceNotFound'], command: '"path":"/spec/rules/0/http/paths/0/backend/service/name","value":"kubia"' },
  { name: 'the port of the pods', backend: { port: { number: 8080 } }, response: nobody, reasons: ['ServicePortNotFound'], command: '"value":{"number":80}' },
  { name: 'a port by a name that it has not', backend: { port: { name: 'http' } }, response: nobody, reasons: ['ServicePortNotFound'] },
  { name: 'a Service that selects nothing', ...noPods, response: nobody, reasons: ['SelectorMatchesNoPods'] },
  { name: 'a Service whose program listens elsewhere', sockets: [], response: own(503, 'no pod took the request'), reasons: ['TargetPortWithoutListener'] },
  { name: 'the same, and HAProxy still tries', sockets: [], response: slow, reasons: ['TargetPortWithoutListener'] },
  { name: 'no Secret', ...problem('SecretNotFound', 'Secret default/tls cannot be used for kubia.example.com: there is no such Secret; the default certificate is shown'), reasons: ['SecretNotFound'], command: 'kubectl create secret tls' },
  { name: 'another key', ...problem('InvalidCertificate', 'Secret default/tls cannot be used for kubia.example.com: its tls.key is not the key of its tls.crt; the default certificate is shown'), reasons: ['InvalidCertificate'] },
  { name: 'two certificates', ...problem('CertificateConflict', 'host kubia.example.com has the certificate of Secret tls of Ingress default/older'), reasons: ['CertificateConflict'] },
  { name: 'a certificate of another host', certificate: {}, ...problem('CertificateMismatch', 'the certificate in Secret default/tls is not for kubia.example.com'), reasons: ['CertificateMismatch'] },
  { name: 'an old certificate', certificate: { validTo: new Date('2025-06-01') }, reasons: ['CertificateExpired'], command: 'kubectl create secret tls tls' },
  { name: 'a certificate of tomorrow', certificate: { validFrom: new Date('2026-06-01') }, reasons: ['CertificateExpired'] },
  { name: 'an annotation with a misprint', ...problem('InvalidAnnotation', 'annotation portolan.dev/rewrite is not known'), reasons: ['InvalidAnnotation'] },
  { name: 'a canary of nothing', ...problem('InvalidCanary', 'no other Ingress of the namespace serves path / (Prefix) of host kubia.example.com'), reasons: ['InvalidCanary'] },
  { name: 'what an ingress may yet come to tell', ...problem('SomethingNew', 'it is new'), reasons: ['SomethingNew'] },
  { name: 'a name elsewhere that leads nowhere', told: [unresolved], reasons: ['NameNotResolved'] },
  { name: 'a Service that leads back', told: [circle], response: nobody, reasons: ['RequestLoop'] },
  { name: 'what HAProxy does not want', told: [refusal], reasons: ['RefusedByHAProxy'] },
  { name: 'what HAProxy wants after all', told: [solved, refusal], reasons: [] },
  { name: 'a client that is not let in', annotations: { 'portolan.dev/allow-source-ranges': '10.0.0.0/8' }, response: own(403, 'this address is not on the list of those that may'), reasons: ['AddressNotAllowed'] },
  { name: 'HAProxy without the rule', response: own(404, 'no Ingress has a rule for the host kubia.example.com'), reasons: ['IngressProxyBehind'] },
  { name: 'HAProxy without the endpoints', response: nobody, reasons: ['IngressProxyBehind'] },
  { name: 'HAProxy with another certificate', certificate: { fingerprint: 'CC:DD' }, reasons: ['IngressProxyBehind'] },
  { name: 'no address', hasAddress: false, reasons: ['IngressWithoutAddress'], command: 'kubectl describe ingress web' },
  { name: 'a node that is not ready', nodes: [node(), node('node-2', 'Unknown')], reasons: ['NodeNotReady'] },
  { name: 'a program that does not speak HTTP', response: own(502, 'the pod gave no answer that could be understood'), reasons: ['RequestFails'], command: 'kubectl logs service/kubia' },
  { name: 'a program that does not answer in time', response: slow, reasons: ['RequestFails'] },
]

for (const { name, reasons, command = '', ...setup } of cases) {
  test(name, () => {
    const { findings } = diagnoseIngress(facts(setup))
    expect(findings.map(({ reason }) => reason)).toEqual(reasons)
    expect(findings[0]?.command ?? '').toContain(command)
    expect(findings.filter(({ evidence, fix, command: text = '' }) => evidence.length === 0 || fix === '' || text === '')).toEqual([])
  })
}

test('the checklist says what was looked at', () => {
  const checks = diagnoseIngress(facts({ certificate: {} })).checks.map(({ outcome, text }) => `${outcome}: ${text}`)
  expect(checks).toEqual([
    'passed: class portolan is served by this cluster',
    'passed: reached at 203.0.113.3',
    'passed: Service kubia has ready endpoints: 10.108.1.2:8080',
    'passed: the certificate in Secret tls, for kubia.example.com, is valid to 2027-01-01T00:00:00.000Z',
    'passed: GET http://kubia.example.com/ from outside: 200',
    'passed: GET https://kubia.example.com/ from outside: 200, with the certificate in Secret tls',
  ])
  const failed = diagnoseIngress(facts({ ...noPods, pods: [pod({}, { app: 'x' })], response: nobody, hasAddress: false })).checks
  expect(failed.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text)).toEqual([
    'no address',
    'Service kubia has no ready endpoint',
    'GET http://kubia.example.com/ from outside: 503 (portolan: the Service default/kubia has no ready endpoint for its port 80)',
  ])
})

test('docs/doctor/ingresses.md tells of each reason', async () => {
  const reasons = [...ingressRules.flatMap(({ tells }) => tells), 'RequestFails']
  const findings = cases.flatMap((each): readonly Finding[] => diagnoseIngress(facts(each)).findings)
  const text = reasonsDocument({
    title: 'Why an Ingress does not answer',
    intro: 'Each reason of `portolan doctor ingress/NAME`, in the order in which they are told, as it is printed. After `ServicePortNotFound` come those of the Services behind, as in [services.md](services.md).',
    reasons,
    findings: findings.filter(({ reason }) => reasons.includes(reason)),
  })
  await expect(text).toMatchFileSnapshot(documentFile('ingresses.md'))
})
