import { expect, test } from 'vitest'
import type { Pod } from '../api/kinds/pod.ts'
import { diagnose, diagnoseNodes, serviceRules } from './diagnose.ts'
import { elements, facts, node, pod, slice, tcp, type Setup } from './fixtures.ts'
import { documentFile, reasonsDocument } from './test-reasons-document.ts'

interface Case extends Setup {
  readonly name: string
  /** All that is found, in order. */
  readonly reasons: readonly string[]
  /** Part of the first command. */
  readonly command?: string
}

const external = { type: 'ExternalName', clusterIP: '', selector: {}, ports: [] }
const ranged = { type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] }
const datagrams = [{ protocol: 'UDP', address: '0.0.0.0', port: 8080 }] as const

/** A pod that is no endpoint, and the Service without any. */
function without(status: Pod['status'], metadata: Partial<Pod['metadata']> = {}, spec: Partial<Pod['spec']> = {}): Setup {
  const one = pod(spec)
  return { pods: [{ ...one, metadata: { ...one.metadata, ...metadata }, status: { conditions: [], ...status } }], slices: [], kernel: new Map(), outcome: 'refused' }
}

const waiting = (reason: string, message = '', lastState = {}) => ({
  containerStatuses: [{ name: 'main', ready: false, restartCount: 3, image: 'luksa/kubia', imageID: '', state: { waiting: { reason, message } }, lastState }],
})
const byHand = { ...slice('10.108.1.9'), ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }

const cases: readonly Case[] = [
  { name: 'a healthy one', reasons: [] },
  { name: 'a healthy headless one', spec: { clusterIP: 'None', ports: [{ port: 8080 }] }, answer: { addresses: ['10.108.1.2'] }, reasons: [] },
  { name: 'datagrams that nobody answers are no fault', outcome: 'unanswered', reasons: [] },
  {
    name: 'a selector with a misprint', pods: [pod({}, { app: 'kubai' })], slices: [], kernel: new Map(), outcome: 'refused',
    reasons: ['SelectorMatchesNoPods'], command: `-p '{"spec":{"selector":{"app":"kubai"}}}'`,
  },
  {
    name: 'a misprint in the key of a label', pods: [pod({}, { App: 'kubia' })], slices: [], kernel: new Map(),
    reasons: ['SelectorMatchesNoPods'], command: `-p '{"spec":{"selector":{"app":null,"App":"kubia"}}}'`,
  },
  {
    name: 'pods of another app', pods: [pod({}, { app: 'other' })], slices: [], kernel: new Map(),
    reasons: ['SelectorMatchesNoPods'], command: 'kubectl get pods -A --show-labels',
  },
  {
    name: 'a target port that nobody names', spec: { ports: [{ port: 80, targetPort: 'htpt', protocol: 'TCP' }] }, slices: [], kernel: new Map(),
    outcome: 'refused', reasons: ['TargetPortNotDefined'], command: '"targetPort":8080',
  },
  { name: 'pods that have ended', ...without({ phase: 'Succeeded' }), reasons: ['PodsCompleted'], command: 'kubectl describe pod web' },
  { name: 'pods that are being deleted', ...without({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), reasons: ['PodsTerminating'] },
  { name: 'pods without a node', ...without({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' }] }, {}, { nodeName: undefined as never }), reasons: ['PodsUnscheduled'] },
  { name: 'no image', ...without({ phase: 'Pending', ...waiting('ErrImagePull', 'not found') }), reasons: ['ImageNotPulled'] },
  { name: 'a program that ends', ...without({ phase: 'Running', ...waiting('CrashLoopBackOff', '', { terminated: { exitCode: 3 } }) }), reasons: ['ContainersCrash'], command: 'kubectl logs web --previous' },
  { name: 'no ConfigMap', ...without({ phase: 'Pending', ...waiting('CreateContainerConfigError', 'configmap "none" not found') }), reasons: ['ContainersWait'] },
  { name: 'not ready', ...without({ phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }), reasons: ['PodsNotReady'] },
  { name: 'endpoints by hand with another name of the port', spec: { selector: {} }, slices: [byHand], kernel: new Map(), outcome: 'refused', reasons: ['EndpointPortsDiffer'], command: 'kubectl edit endpoints kubia' },
  { name: 'no listener', sockets: [tcp('::', 3000)], outcome: 'refused', reasons: ['TargetPortWithoutListener'], command: '"targetPort":3000' },
  { name: 'no listener, and several to choose from', sockets: [tcp('::', 1), tcp('::', 2)], reasons: ['TargetPortWithoutListener'], command: 'kubectl edit service kubia' },
  { name: 'localhost only', sockets: [tcp('127.0.0.1', 8080)], outcome: 'refused', reasons: ['ListensOnLoopbackOnly'] },
  { name: 'localhost and all', sockets: [tcp('127.0.0.1', 8080), tcp('0.0.0.0', 8080)], reasons: [] },
  { name: 'the wrong protocol', sockets: datagrams, outcome: 'refused', reasons: ['WrongProtocol'], command: '"protocol":"UDP"' },
  {
    name: 'headless with a mapping', spec: { clusterIP: 'None' }, answer: { addresses: ['10.108.1.2'] },
    outcome: 'refused', reasons: ['HeadlessPortMapping'], command: '"port":8080',
  },
  { name: 'headless with a mapping that pods serve too', spec: { clusterIP: 'None' }, sockets: [tcp('::', 80), tcp('::', 8080)], answer: { addresses: ['10.108.1.2'] }, reasons: [] },
  {
    name: 'endpoints by hand', slices: [slice('10.108.1.9')], kernel: elements('10.108.1.9 . 8080'), outcome: 'timeout',
    reasons: ['EndpointsAgainstSelector'], command: 'kubectl delete endpointslice kubia-x',
  },
  { name: 'no selector and no endpoints', spec: { selector: {} }, slices: [], kernel: new Map(), outcome: 'refused', reasons: ['NoSelectorNoEndpoints'] },
  { name: 'cluster DNS needs no endpoints', spec: { selector: {}, clusterIP: '10.96.0.10' }, slices: [], kernel: new Map(), answer: { addresses: ['10.96.0.10'] }, reasons: [] },
  { name: 'an alias of an address', spec: { ...external, externalName: '10.0.0.1' }, reasons: ['ExternalNameIsAddress'] },
  { name: 'an alias of nothing', spec: { ...external, externalName: 'none.example' }, answer: { addresses: [], error: 'ENOTFOUND' }, reasons: ['ExternalNameUnresolved'] },
  { name: 'an alias of something', spec: { ...external, externalName: 'some.example' }, reasons: [] },
  { name: 'Local with pods on each node', spec: { type: 'NodePort', externalTrafficPolicy: 'Local' }, reasons: [] },
  { name: 'Local without', spec: { type: 'NodePort', externalTrafficPolicy: 'Local' }, nodes: [node(), node('node-2')], reasons: ['ExternalTrafficPolicyLocal'] },
  { name: 'Local behind a load balancer', spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }, balanced: '203.0.113.10', nodes: [node(), node('node-2')], reasons: [] },
  { name: 'no load balancer', spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/other' }, reasons: ['LoadBalancerPending'], command: 'kubectl describe service kubia' },
  { name: 'Local inside', spec: { internalTrafficPolicy: 'Local' }, nodes: [node(), node('node-2')], reasons: ['InternalTrafficPolicyLocal'] },
  { name: 'source ranges without the client', spec: ranged, balanced: '203.0.113.10', reasons: ['SourceRangesExcludeClient'], command: '203.0.113.2/32' },
  { name: 'source ranges with it', balanced: '203.0.113.10', spec: { ...ranged, loadBalancerSourceRanges: ['203.0.113.0/24'] }, reasons: [] },
  { name: 'a kernel with another endpoint', kernel: elements('10.108.1.8 . 8080'), reasons: ['ProxyBehind'], command: './portolan node exec node-1' },
  { name: 'a kernel without the Service', kernel: new Map(), outcome: 'refused', reasons: ['ProxyBehind'] },
  {
    name: 'one port of two protocols', slices: [{ ...slice(), ports: [{ name: 'a', port: 8080, protocol: 'TCP' }, { name: 'b', port: 8081, protocol: 'UDP' }] }],
    spec: { ports: [{ name: 'a', port: 80, targetPort: 8080, protocol: 'TCP' }, { name: 'b', port: 80, targetPort: 8081, protocol: 'UDP' }] },
    sockets: [tcp('::', 8080), { protocol: 'UDP', address: '::', port: 8081 }],
    kernel: new Map([
      ['services', new Map([['10.96.1.1 . tcp . 80', '0:4001'], ['10.96.1.1 . udp . 80', '0:8001']])],
      ['slots-1', new Map([['0:4001 . 0', '10.108.1.2 . 8080'], ['0:8001 . 0', '10.108.1.2 . 8081']])],
    ]),
    reasons: [],
  },
  {
    name: 'SCTP, which cannot be tried', slices: [{ ...slice(), ports: [{ name: '', port: 8080, protocol: 'SCTP' }] }],
    spec: { ports: [{ port: 80, targetPort: 8080, protocol: 'SCTP' }] }, sockets: [], kernel: new Map(), reasons: [],
  },
  { name: 'DNS with another address', answer: { addresses: ['10.96.9.9'] }, reasons: ['DnsDisagrees'] },
  { name: 'DNS that does not answer', answer: { addresses: [], error: 'ETIMEOUT' }, reasons: ['DnsDisagrees'] },
  { name: 'another node that is not ready', nodes: [node(), node('node-2', 'Unknown')], reasons: ['NodeNotReady'], command: './portolan node start node-2' },
  { name: 'the node of the pods', nodes: [node('node-1', 'Unknown')], pods: [{ ...pod(), status: { phase: 'Running', conditions: [] } }], slices: [], kernel: new Map(), reasons: ['NodesNotReady', 'NodeNotReady'], command: './portolan node start node-1' },
  { name: 'a node that is off, before the API knows', isOff: true, outcome: 'timeout', reasons: ['NodeNotReady'], command: './portolan node start node-1' },
  { name: 'what nobody can explain', outcome: 'timeout', reasons: ['NotReachable'], command: 'kubectl logs service/kubia' },
]

for (const { name, reasons, command = '', ...setup } of cases) {
  test(name, () => {
    const { findings } = diagnose(facts(setup))
    expect(findings.map(({ reason }) => reason)).toEqual(reasons)
    expect(findings[0]?.command ?? '').toContain(command)
    expect(findings.filter(({ evidence, fix }) => evidence.length === 0 || fix === '')).toEqual([])
  })
}

test('the checklist says what was looked at, and what failed', () => {
  const { checks } = diagnose(facts({ spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30123 }] } }))
  expect(checks.map(({ outcome, text }) => `${outcome}: ${text}`)).toEqual([
    'passed: selector app=kubia matches 1 pod, 1 of them ready',
    'passed: ready endpoints: 10.108.1.2:8080',
    'passed: DNS answers kubia.default.svc.cluster.local with 10.96.1.1 (asked from node-1)',
    'passed: the kernel of node-1 agrees with the API',
    'passed: connected to 10.96.1.1:80 from node-1',
    'passed: connected to 10.108.1.2:8080 from node-1',
    'passed: connected to 192.168.99.11:30123 from outside',
  ])
  const failed = diagnose(facts({ outcome: 'timeout', answer: { addresses: [] }, kernel: new Map() })).checks
  expect(failed.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text)).toEqual([
    'DNS answers kubia.default.svc.cluster.local with no address (asked from node-1)',
    'the kernel of node-1 differs from the API',
    'no answer from 10.96.1.1:80, asked from node-1',
    'no answer from 10.108.1.2:8080, asked from node-1',
  ])
})

test('nodes are counted', () => {
  const { cluster } = facts({ nodes: [node(), node('node-2', 'False')] })
  const [counted] = diagnoseNodes(cluster).checks
  expect(counted).toEqual({ outcome: 'failed', text: '1 of 2 nodes are ready' })
  expect(diagnoseNodes(cluster).findings).toMatchObject([{ reason: 'NodeNotReady' }])
})

test('a machine that has joined is not looked into, which is said and is no fault', () => {
  const both = facts({ nodes: [node(), node('machine-a')] })
  expect(diagnoseNodes(both.cluster)).toMatchObject({
    checks: [
      { outcome: 'passed', text: '2 of 2 nodes are ready' },
      { outcome: 'skipped', text: 'machine-a is another machine: only what the API tells of it was looked at' },
    ],
    findings: [],
  })
  const { checks, findings } = diagnose(both)
  expect(findings).toEqual([])
  expect(checks).toContainEqual({ outcome: 'passed', text: 'the kernel of node-1 agrees with the API' })
  expect(checks).toContainEqual({ outcome: 'skipped', text: 'machine-a is another machine: its kernel was not looked at' })
})

test('where only machines that have joined are left, no kernel is said to agree', () => {
  const { cluster, ...rest } = facts({ nodes: [node('machine-a')] })
  const texts = diagnose({ ...rest, cluster: { ...cluster, kernels: new Map() } }).checks.map(({ text }) => text)
  expect(texts.filter((text) => text.includes('kernel'))).toEqual(['machine-a is another machine: its kernel was not looked at'])
})

test('pods that do not ask cluster DNS are warned of', () => {
  const { advice } = diagnose(facts({ pods: [pod({ dnsPolicy: 'Default' })] }))
  expect(advice).toContain('pods web do not ask cluster DNS (dnsPolicy Default): names of Services do not resolve there')
})

test('docs/doctor/services.md tells of each reason', async () => {
  const text = reasonsDocument({
    title: 'Why a Service does not answer',
    intro: 'Each reason of `portolan doctor service/NAME`, in the order in which they are told, as it is printed: the first explains most of what else may be seen.',
    reasons: [...serviceRules.flatMap(({ tells }) => tells), 'NotReachable'],
    findings: cases.flatMap((each) => diagnose(facts(each)).findings),
  })
  await expect(text).toMatchFileSnapshot(documentFile('services.md'))
})
