import { expect, test } from 'vitest'
import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { facts, node, pod } from '../fixtures.ts'
import type { Outcome } from '../reach/questions.ts'
import { documentFile, reasonsDocument } from '../test-reasons-document.ts'
import type { Askable, Asked, Client } from './asked.ts'
import { askingRules, diagnoseAsking } from './diagnose-asking.ts'

const { cluster } = facts()

function service(name: string, clusterIP: string, spec: Partial<Service['spec']> = {}, namespace = 'default'): Service {
  const [kubia] = cluster.services
  if (kubia === undefined) throw new Error('there is no Service')
  return { ...kubia, metadata: { ...kubia.metadata, name, namespace, uid: name }, spec: { ...kubia.spec, clusterIP, ...spec } }
}

function podNamed(name: string, namespace: string, spec: Partial<Pod['spec']> = {}): Pod {
  const one = pod(spec)
  return { ...one, metadata: { ...one.metadata, name, namespace, uid: name }, status: { ...one.status, podIP: `10.108.1.${name.length}` } }
}

const oneNode: Node = { ...node(), status: { ...node().status, addresses: [{ type: 'InternalIP', address: '192.168.99.11' }] } }
const ingress: Ingress = {
  apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { ...oneNode.metadata, namespace: 'default', name: 'web' }, spec: { rules: [{ host: 'kubia.example.com' }] },
}
const balanced: Service = { ...service('balanced', '10.96.1.4', { type: 'LoadBalancer' }), status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } } }
const there: Askable = {
  services: [
    service('kubia', '10.96.1.1'),
    service('open', '10.96.1.2', { type: 'NodePort', ports: [{ port: 81, targetPort: 8080, nodePort: 30_123, protocol: 'TCP' }] }),
    service('headless', 'None', { clusterIP: 'None' }),
    service('cart', '10.96.1.3', {}, 'shop'),
    service('clock', '10.96.1.5', { ports: [{ port: 123, protocol: 'UDP' }] }),
    balanced,
  ],
  pods: [podNamed('web', 'default'), podNamed('lonely', 'default'), podNamed('cart-1', 'shop')],
  nodes: [oneNode],
  ingresses: [ingress],
  surroundings: cluster.surroundings,
}
const inPod: Client = { kind: 'pod', pod: podNamed('client', 'default') }
const inShop: Client = { kind: 'pod', pod: podNamed('client', 'shop') }
const ofDefaultPolicy: Client = { kind: 'pod', pod: podNamed('client', 'default', { dnsPolicy: 'Default' }) }
const onHost: Client = { kind: 'pod', pod: podNamed('client', 'default', { hostNetwork: true }) }
const onNode: Client = { kind: 'node', name: 'node-1' }
const outside: Client = { kind: 'outside' }
const here: Client = { kind: 'machine' }

function asked(url: string): Asked {
  const [, scheme = '', host = '', port = '0'] = /^(\w+):\/\/([^:]+)(?::(\d+))?$/.exec(url) ?? []
  return { scheme: scheme as Asked['scheme'], host, port: Number(port) }
}

interface Case {
  readonly url: string
  readonly from?: Client
  readonly outcome?: Outcome
  readonly reasons: readonly string[]
  readonly fix?: string
}

const cases: readonly Case[] = [
  { url: 'http://kubia:80', reasons: [] },
  { url: 'http://kubia.default:80', from: inShop, reasons: [] },
  { url: 'http://kubia.default.svc:80', from: inShop, reasons: [] },
  { url: 'http://KUBIA.default.svc.cluster.local.:80', from: inShop, reasons: [] },
  { url: 'http://10.96.1.1:80', from: onNode, reasons: [] },
  { url: 'http://192.168.99.11:30123', from: outside, reasons: [] },
  { url: 'http://203.0.113.10:80', from: outside, reasons: [] },
  { url: 'tcp://headless:8080', reasons: [] },
  { url: 'udp://clock:123', reasons: [] },
  { url: 'http://10.108.1.3:8080', reasons: [] },
  { url: 'ping://192.168.99.11', reasons: [] },
  { url: 'http://kubia:80', from: here, reasons: ['OnlyPublishedHere'], fix: 'publish the Service, or be a client outside of the nodes: ./portolan client -- CMD' },
  { url: 'ping://kubia', reasons: ['ServicePinged'] },
  { url: 'ping://10.96.1.1', reasons: ['ServicePinged'] },
  { url: 'http://10.96.1.1:80', from: outside, reasons: ['ClusterIPFromOutside'] },
  { url: 'http://10.96.1.4:80', from: outside, reasons: ['ClusterIPFromOutside'], fix: 'ask 203.0.113.10:80' },
  { url: 'http://cart:80', reasons: ['NameOfOtherNamespace'], fix: 'ask for cart.shop' },
  { url: 'http://kubia:80', from: inShop, reasons: ['NameOfOtherNamespace'], fix: 'ask for kubia.default' },
  { url: 'http://cart.default:80', reasons: ['NameOfOtherNamespace'], fix: 'ask for cart.shop' },
  { url: 'http://kubia.example.com:80', reasons: ['IngressHostUnresolved'] },
  { url: 'http://lonely:80', reasons: ['PodNameAsked'] },
  { url: 'http://kubai:80', reasons: ['NameUnknown'], fix: 'ask for kubia' },
  { url: 'http://kubia:80', from: onNode, reasons: ['NameOutsidePods'] },
  { url: 'http://kubia:80', from: ofDefaultPolicy, reasons: ['ClusterDnsNotAsked'], fix: 'create the pod anew with dnsPolicy ClusterFirst, which cannot be changed' },
  { url: 'http://kubia:80', from: onHost, reasons: ['ClusterDnsNotAsked'], fix: 'create the pod anew with dnsPolicy ClusterFirstWithHostNet, which cannot be changed' },
  { url: 'http://10.96.1.1:80', from: ofDefaultPolicy, reasons: [] },
  { url: 'http://203.0.113.10:30123', from: outside, reasons: ['NodePortWrongAddress'], fix: 'ask 192.168.99.11:30123' },
  { url: 'http://127.0.0.1:30123', reasons: ['NodePortWrongAddress'] },
  { url: 'http://10.96.1.2:30123', reasons: ['NodePortWrongAddress'] },
  { url: 'tcp://clock:123', reasons: ['ProtocolNotInService'] },
  { url: 'http://kubia:8081', reasons: ['PortNotInService'], fix: 'ask for port 80' },
  { url: 'http://kubia:8080', reasons: ['TargetPortAsked'], fix: 'ask for port 80' },
  { url: 'http://10.96.1.1:8080', reasons: ['TargetPortAsked'] },
  { url: 'http://headless:80', reasons: ['HeadlessPortAsked'], fix: 'ask for port 8080' },
  { url: 'http://192.168.99.11:81', from: outside, reasons: ['PortNotOpenAtNode'], fix: 'ask for 192.168.99.11:30123' },
  { url: 'http://192.168.99.11:8080', from: outside, reasons: ['PortNotOpenAtNode'] },
  { url: 'http://10.108.1.3:80', reasons: ['ServicePortAtPod'], fix: 'ask the Service: kubia.default:80' },
  { url: 'http://10.9.9.9:80', outcome: 'timeout', reasons: ['NotReachable'] },
]

const diagnose = ({ url, from: client = inPod, outcome = 'open' }: Case) => diagnoseAsking({ asked: asked(url), client, there, outcome }, undefined)

test.each(cases)('$url: $reasons', (each) => {
  const { findings } = diagnose(each)
  expect(findings.map(({ reason }) => reason)).toEqual(each.reasons)
  expect(findings[0]?.fix).toBe(each.fix ?? findings[0]?.fix)
  expect(findings.filter(({ evidence, fix, command = '' }) => evidence.length === 0 || fix === '' || command === '')).toEqual([])
})

test('what is wrong with the Service comes after what is wrong with the question', () => {
  const service = { subject: '', checks: [], advice: ['a hint'], findings: [{ reason: 'PodsNotReady', cause: 'x', evidence: ['y'], fix: 'z' }] }
  const { findings, checks, subject } = diagnoseAsking({ asked: asked('http://kubia:8080'), client: inPod, there, outcome: 'refused' }, service)
  expect(findings.map(({ reason }) => reason)).toEqual(['TargetPortAsked', 'PodsNotReady'])
  expect(subject).toBe('http://kubia:8080 from pod client in namespace default')
  expect(checks.map(({ outcome, text }) => `${outcome}: ${text}`)).toEqual([
    'passed: kubia is Service kubia in namespace default',
    'failed: the same, tried from pod client in namespace default: refused (http://kubia:8080)',
  ])
})

test('docs/doctor/clients.md tells of each reason', async () => {
  const text = reasonsDocument({
    title: 'What is wrong with what a client asks for',
    intro: 'Each reason of `portolan doctor URL --from PLACE`, in the order in which they are told, as it is printed. After them come those of the Service that is asked, as in [services.md](services.md).',
    reasons: [...askingRules.flatMap(({ tells }) => tells), 'NotReachable'],
    findings: cases.flatMap((each) => diagnose(each).findings),
  })
  await expect(text).toMatchFileSnapshot(documentFile('clients.md'))
})

test('what a machine that has joined asks is not tried from here, which is said', () => {
  const both = { ...there, nodes: [oneNode, node('machine-a')] }
  for (const client of [{ kind: 'node', name: 'machine-a' }, { kind: 'pod', pod: podNamed('client', 'default', { nodeName: 'machine-a' }) }] satisfies Client[]) {
    const { checks, findings } = diagnoseAsking({ asked: asked('http://10.96.1.1:80'), client, there: both, outcome: undefined }, undefined)
    expect(checks).toContainEqual({ outcome: 'skipped', text: 'not tried: machine-a is another machine' })
    expect(findings).toEqual([])
  }
  const { findings } = diagnoseAsking({ asked: asked('http://kubia:80'), client: { kind: 'node', name: 'machine-a' }, there: both, outcome: undefined }, undefined)
  expect(findings).toMatchObject([{ reason: 'NameOutsidePods', command: 'curl http://10.96.1.1:80' }])
})
