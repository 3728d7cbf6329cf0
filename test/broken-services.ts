/** Set-ups as people get them wrong, and right ones, each with what the doctor must say first. */

export interface SetUp {
  /** Of the Service or Ingress. */
  readonly name: string
  /** What is found first; undefined for a healthy one. */
  readonly reason: string | undefined
  readonly objects: readonly object[]
}

type Spec = Readonly<Record<string, unknown>>

const web = { name: 'web', image: 'luksa/kubia', ports: [{ name: 'http', containerPort: 8080 }] }
const script = (text: string): Spec => ({ name: 'web', image: 'luksa/kubia', command: ['node', '-e', text] })

export function setUps(): readonly SetUp[] {
  return [...healthy(), ...withoutEndpoints(), ...misdirected(), ...withoutPods(), ...restricted()]
}

function healthy(): SetUp[] {
  const port = { port: 80, targetPort: 8080 }
  return [
    setUp('right', undefined, [pod('right', { containers: [web] }), service('right')]),
    setUp('right-node-port', undefined, [service('right-node-port', { type: 'NodePort', selector: { app: 'right' }, ports: [{ ...port, nodePort: 30_777 }] })]),
    setUp('right-balanced', undefined, [service('right-balanced', { type: 'LoadBalancer', selector: { app: 'right' }, ports: [port] })]),
    setUp('right-balanced-local', undefined, [service('right-balanced-local', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { app: 'right' }, ports: [port] })]),
    setUp('right-headless', undefined, [service('right-headless', { clusterIP: 'None', selector: { app: 'right' }, ports: [{ port: 8080 }] })]),
    setUp('right-sticky', undefined, [service('right-sticky', { sessionAffinity: 'ClientIP', selector: { app: 'right' }, ports: [port] })]),
    setUp('right-named', undefined, [service('right-named', { selector: { app: 'right' }, ports: [{ port: 80, targetPort: 'http' }] })]),
    setUp('right-alias', undefined, [service('right-alias', { type: 'ExternalName', externalName: 'right.default.svc.cluster.local', selector: null, ports: [] })]),
    // Of no Service: it asks another server for names.
    setUp('right-elsewhere', undefined, [pod('bypassing', { dnsPolicy: 'Default', containers: [web] }), service('right-elsewhere', { selector: { app: 'right' } })]),
    setUp('right-datagrams', undefined, [
      pod('right-datagrams', { containers: [script(`require('dgram').createSocket('udp4').bind(5353)`)] }),
      service('right-datagrams', { ports: [{ port: 53, targetPort: 5353, protocol: 'UDP' }] }),
    ]),
  ]
}

function withoutEndpoints(): SetUp[] {
  const failing = { exec: { command: ['ls', '/var/ready'] }, periodSeconds: 1 }
  const huge = { ...web, resources: { requests: { cpu: '1000' } } }
  return [
    setUp('misprint', 'SelectorMatchesNoPods', [service('misprint', { selector: { app: 'rihgt' } })]),
    setUp('elsewhere', 'SelectorMatchesNoPods', [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      pod('elsewhere', { containers: [web] }, 'shop'),
      service('elsewhere'),
    ]),
    setUp('unready', 'PodsNotReady', [pod('unready', { containers: [{ ...web, readinessProbe: failing }] }), service('unready')]),
    setUp('no-image', 'ImageNotPulled', [
      pod('no-image', { containers: [{ name: 'web', image: 'luksa/kubai', imagePullPolicy: 'Never' }] }),
      service('no-image'),
    ]),
    setUp('crash', 'ContainersCrash', [pod('crash', { containers: [script('process.exit(3)')] }), service('crash')]),
    setUp('no-room', 'PodsUnscheduled', [pod('no-room', { containers: [huge] }), service('no-room')]),
    setUp('no-config', 'ContainersWait', [
      pod('no-config', { containers: [{ ...web, envFrom: [{ configMapRef: { name: 'none' } }] }] }),
      service('no-config'),
    ]),
    setUp('over', 'PodsCompleted', [pod('over', { restartPolicy: 'Never', containers: [script('process.exit(0)')] }), service('over')]),
    setUp('no-such-port', 'TargetPortNotDefined', [service('no-such-port', { selector: { app: 'right' }, ports: [{ port: 80, targetPort: 'htpt' }] })]),
  ]
}

function misdirected(): SetUp[] {
  const local = script(`require('http').createServer().listen(8080, '127.0.0.1')`)
  const datagrams = script(`require('dgram').createSocket('udp4').bind(8080)`)
  const right = { selector: { app: 'right' } }
  return [
    setUp('wrong-port', 'TargetPortWithoutListener', [service('wrong-port', { ...right, ports: [{ port: 80, targetPort: 8081 }] })]),
    setUp('no-target-port', 'TargetPortWithoutListener', [service('no-target-port', { ...right, ports: [{ port: 80 }] })]),
    setUp('localhost', 'ListensOnLoopbackOnly', [pod('localhost', { containers: [local] }), service('localhost')]),
    setUp('datagrams', 'WrongProtocol', [pod('datagrams', { containers: [datagrams] }), service('datagrams')]),
    setUp('streams', 'WrongProtocol', [service('streams', { ...right, ports: [{ port: 80, targetPort: 8080, protocol: 'UDP' }] })]),
    setUp('headless-mapped', 'HeadlessPortMapping', [service('headless-mapped', { ...right, clusterIP: 'None' })]),
    setUp('by-hand', 'EndpointsAgainstSelector', [service('by-hand', right), slice('by-hand', '10.108.1.250', 8080)]),
  ]
}

function withoutPods(): SetUp[] {
  const endpoints = (name: string, ip: string, ports: readonly object[]) => ({
    apiVersion: 'v1', kind: 'Endpoints', metadata: { name }, subsets: [{ addresses: [{ ip }], ports }],
  })
  const alias = (name: string, externalName: string) => service(name, { type: 'ExternalName', externalName, selector: null, ports: [] })
  return [
    setUp('no-selector', 'NoSelectorNoEndpoints', [service('no-selector', { selector: null })]),
    setUp('other-port-name', 'EndpointPortsDiffer', [
      service('other-port-name', { selector: null }),
      endpoints('other-port-name', '10.108.1.251', [{ name: 'http', port: 8080 }]),
    ]),
    setUp('nobody-there', 'NotReachable', [
      service('nobody-there', { selector: null }),
      endpoints('nobody-there', '10.108.1.252', [{ port: 8080 }]),
    ]),
    setUp('alias-of-address', 'ExternalNameIsAddress', [alias('alias-of-address', '192.168.99.11')]),
    setUp('alias-of-nothing', 'ExternalNameUnresolved', [alias('alias-of-nothing', 'nothing.default.svc.cluster.local')]),
  ]
}

function restricted(): SetUp[] {
  const open = { selector: { app: 'right' }, ports: [{ port: 80, targetPort: 8080 }] }
  return [
    setUp('local-outside', 'ExternalTrafficPolicyLocal', [service('local-outside', { ...open, type: 'NodePort', externalTrafficPolicy: 'Local' })]),
    setUp('local-inside', 'InternalTrafficPolicyLocal', [service('local-inside', { ...open, internalTrafficPolicy: 'Local' })]),
    setUp('other-class', 'LoadBalancerPending', [service('other-class', { ...open, type: 'LoadBalancer', loadBalancerClass: 'example.com/other' })]),
    setUp('ranges', 'SourceRangesExcludeClient', [service('ranges', { ...open, type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] })]),
  ]
}

function setUp(name: string, reason: string | undefined, objects: readonly object[]): SetUp {
  return { name, reason, objects }
}

/** On the first node, so that the second has none. */
function pod(name: string, spec: Spec, namespace = 'default'): object {
  const usual = { terminationGracePeriodSeconds: 0, nodeSelector: { 'kubernetes.io/hostname': 'node-1' } }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: name } }, spec: { ...usual, ...spec } }
}

function service(name: string, spec: Spec = {}): object {
  const usual = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ...usual, ...spec } }
}

function slice(name: string, address: string, port: number): object {
  const metadata = { name: `${name}-mine`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } }
  const endpoints = [{ addresses: [address], conditions: { ready: true } }]
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints, ports: [{ name: '', port, protocol: 'TCP' }] }
}
