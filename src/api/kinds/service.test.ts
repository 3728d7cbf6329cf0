import { expect, test } from 'vitest'
import { created, createProblems, row, updated, updateProblems } from './kind-trial.ts'
import { serviceKind as kind } from './service.ts'

const http = { name: 'http', port: 80 }
const service = (spec: object) => ({ spec: { selector: { app: 'kubia' }, ports: [http], ...spec } })

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const address = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

for (const { name, spec, problems } of [
  { name: 'a plain one', spec: {}, problems: [] },
  { name: 'several ports, named', spec: { ports: [http, { name: 'https', port: 443 }] }, problems: [] },
  {
    name: 'several ports, one unnamed',
    spec: { ports: [http, { port: 443 }] },
    problems: ['spec.ports[1].name: Required value'],
  },
  {
    name: 'two ports of one name',
    spec: { ports: [http, { name: 'http', port: 8080 }] },
    problems: ['spec.ports[1].name: Duplicate value: "http"'],
  },
  {
    name: 'one port twice',
    spec: { ports: [http, { name: 'again', port: 80 }] },
    problems: ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}'],
  },
  {
    name: 'one port for two protocols',
    spec: { ports: [{ name: 'dns', port: 53 }, { name: 'dns-tcp', port: 53, protocol: 'UDP' }] },
    problems: [],
  },
  {
    name: 'a port name that is no label',
    spec: { ports: [{ name: 'HTTP', port: 80 }] },
    problems: [`spec.ports[0].name: Invalid value: "HTTP": ${label}`],
  },
  {
    name: 'a port out of range',
    spec: { ports: [{ port: 0 }] },
    problems: [
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
  },
  {
    name: 'a target port out of range',
    spec: { ports: [{ port: 80, targetPort: 70000 }] },
    problems: ['spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  },
  {
    name: 'a named target port that is too long',
    spec: { ports: [{ port: 80, targetPort: 'my-very-long-port' }] },
    problems: ['spec.ports[0].targetPort: Invalid value: "my-very-long-port": must be no more than 15 characters'],
  },
  {
    name: 'another protocol',
    spec: { ports: [{ port: 80, protocol: 'tcp' }] },
    problems: ['spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  },
  { name: 'no ports', spec: { ports: [] }, problems: ['spec.ports: Required value'] },
  { name: 'no ports, headless', spec: { ports: [], clusterIP: 'None' }, problems: [] },
  {
    name: 'another type',
    spec: { type: 'Nodeport' },
    problems: [
      'spec.type: Unsupported value: "Nodeport": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  },
  {
    name: 'another affinity',
    spec: { sessionAffinity: 'Cookie' },
    problems: ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
  },
  {
    name: 'an affinity of more than a day',
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
    problems: [
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
    ],
  },
  {
    name: 'an address that is none',
    spec: { clusterIP: '10.96.0' },
    problems: [`spec.clusterIPs[0]: Invalid value: "10.96.0": ${address}`],
  },
  {
    name: 'addresses that disagree',
    spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.2'] },
    problems: ['spec.clusterIPs: Invalid value: ["10.96.0.2"]: first value must match `clusterIP`'],
  },
  {
    name: 'an IPv6 address',
    spec: { clusterIP: 'fd00::1', ipFamilies: ['IPv6'] },
    problems: ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  },
  {
    name: 'both families',
    spec: { ipFamilyPolicy: 'RequireDualStack' },
    problems: [
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
  },
  { name: 'both families, if it can be', spec: { ipFamilyPolicy: 'PreferDualStack' }, problems: [] },
  {
    name: 'headless with a node port',
    spec: { type: 'NodePort', clusterIP: 'None' },
    problems: ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
  },
  {
    name: 'a node port without the type for it',
    spec: { ports: [{ port: 80, nodePort: 30123 }] },
    problems: ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  },
  {
    name: 'one node port twice',
    spec: { type: 'NodePort', ports: [{ ...http, nodePort: 30123 }, { name: 'b', port: 81, nodePort: 30123 }] },
    problems: ['spec.ports[1].nodePort: Duplicate value: 30123'],
  },
  { name: 'an external name', spec: { type: 'ExternalName', ports: [], externalName: 'api.somecompany.com.' }, problems: [] },
  {
    name: 'an external name that is missing, with an address',
    spec: { type: 'ExternalName', clusterIP: '10.96.0.5' },
    problems: [
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
      'spec.externalName: Required value',
    ],
  },
  {
    name: 'the port of the kubelet on a load balancer',
    spec: { type: 'LoadBalancer', ports: [{ port: 10250 }] },
    problems: [
      'spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet',
    ],
  },
  {
    name: 'an external address that is every machine',
    spec: { externalIPs: ['127.0.0.1'] },
    problems: [
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
  },
  {
    name: 'source ranges that are none',
    spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/33'] },
    problems: [
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  },
  {
    name: 'source ranges without a load balancer',
    spec: { loadBalancerSourceRanges: ['10.0.0.0/8'] },
    problems: ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
  },
  {
    name: 'an external policy inside',
    spec: { externalTrafficPolicy: 'Local' },
    problems: [
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
  },
  {
    name: 'another external policy',
    spec: { type: 'NodePort', externalTrafficPolicy: 'Near' },
    problems: ['spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
  },
  {
    name: 'another internal policy',
    spec: { internalTrafficPolicy: 'Near' },
    problems: ['spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
  },
  {
    name: 'another distribution',
    spec: { trafficDistribution: 'Near' },
    problems: [
      'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  },
  {
    name: 'an empty distribution',
    spec: { trafficDistribution: '' },
    problems: [
      'spec.trafficDistribution: Unsupported value: "": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  },
  { name: 'a distribution', spec: { trafficDistribution: 'PreferSameNode' }, problems: [] },
  {
    name: 'a health check port that nothing asks',
    spec: { type: 'LoadBalancer', healthCheckNodePort: 30000 },
    problems: [
      "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ],
  },
  {
    name: 'load balancer settings without one',
    spec: { allocateLoadBalancerNodePorts: false, loadBalancerClass: 'acme.io/lb' },
    problems: [
      "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
  },
] as { name: string; spec: object; problems: string[] }[]) {
  test(name, () => expect(createProblems(kind, service(spec))).toEqual(problems))
}

test('a selector follows the rules for labels', () => {
  expect(createProblems(kind, service({ selector: { 'a/b/c': 'x y' } }))).toEqual([
    expect.stringMatching(/^spec.selector: Invalid value: "a\/b\/c": a valid label key must/),
    expect.stringMatching(/^spec.selector: Invalid value: "x y": a valid label must/),
  ])
})

test('everything has a default', () => {
  const { spec, status } = created(kind, service({ sessionAffinity: 'ClientIP', clusterIP: '10.96.0.7' }))
  expect(spec).toEqual({
    selector: { app: 'kubia' },
    type: 'ClusterIP',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }],
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    internalTrafficPolicy: 'Cluster',
  })
  expect(status).toEqual({ loadBalancer: {} })
})

test('a load balancer has defaults of its own, and no status of its writer', () => {
  const draft = { ...service({ type: 'LoadBalancer' }), status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } }
  const { spec, status } = created(kind, draft)
  expect(spec).toMatchObject({ externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true })
  expect(status).toEqual({ loadBalancer: {} })
})

test('a headless service without a selector may have endpoints of both families', () => {
  const { spec } = created(kind, { spec: { clusterIP: 'None' } })
  expect(spec).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' })
  expect(createProblems(kind, { spec: { clusterIP: 'None' } })).toEqual([])
})

const stored = () => {
  const object = created(kind, service({ type: 'NodePort', clusterIP: '10.96.0.7' }))
  object.spec.ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30123 }]
  return object
}

test('a manifest can be written again and keeps what was allotted', () => {
  const next = updated(kind, stored(), service({ type: 'NodePort' }))
  expect(next).toEqual(stored())
})

test('a port keeps its node port by name, and another one that asks for it gets it', () => {
  const renumbered = updated(kind, stored(), service({ type: 'NodePort', ports: [{ name: 'http', port: 8080 }] }))
  expect(renumbered.spec.ports?.[0]).toMatchObject({ port: 8080, nodePort: 30123 })
  const taken = updated(
    kind,
    stored(),
    service({ type: 'NodePort', ports: [http, { name: 'new', port: 81, nodePort: 30123 }] }),
  )
  expect(taken.spec.ports?.map(({ nodePort }) => nodePort)).toEqual([undefined, 30123])
})

for (const { name, change, problems } of [
  { name: 'keeps its address', change: {}, problems: [] },
  {
    name: 'may not get another address',
    change: { clusterIP: '10.96.0.8' },
    problems: ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
  },
  {
    name: 'may not become headless',
    change: { type: 'ClusterIP', clusterIP: 'None' },
    problems: ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'],
  },
  {
    name: 'may not get another family',
    change: { ipFamilies: ['IPv6'] },
    problems: [
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
      'spec.clusterIPs[0]: Invalid value: "10.96.0.7": expected an IPv6 value as indicated by `ipFamilies[0]`',
      'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
    ],
  },
  { name: 'may become an alias', change: { type: 'ExternalName', externalName: 'example.com' }, problems: [] },
  { name: 'may lose its node ports', change: { type: 'ClusterIP' }, problems: [] },
  {
    name: 'must lose its node ports when it asks for new ones',
    change: { type: 'ClusterIP', ports: [{ ...http, nodePort: 30999 }] },
    problems: ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  },
] as { name: string; change: object; problems: string[] }[]) {
  test(`a stored service ${name}`, () => {
    const { spec } = stored()
    expect(updateProblems(kind, stored(), { spec: { ...spec, ...change } })).toEqual(problems)
  })
}

test('what a new type has no use for goes by itself', () => {
  const { spec } = stored()
  const inside = updated(kind, stored(), { spec: { ...spec, type: 'ClusterIP' } }).spec
  expect(inside.ports?.[0]).not.toHaveProperty('nodePort')
  expect(inside).not.toHaveProperty('externalTrafficPolicy')
  const alias = updated(kind, stored(), { spec: { ...spec, type: 'ExternalName', externalName: 'example.com' } }).spec
  expect(alias).not.toHaveProperty('clusterIPs')
  expect(alias).not.toHaveProperty('ipFamilies')
})

test('a service that stops being a load balancer loses its addresses', () => {
  const balancer = created(kind, service({ type: 'LoadBalancer', clusterIP: '10.96.0.7' }))
  balancer.status = { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } }
  expect(updated(kind, balancer, service({ type: 'LoadBalancer' })).status).toEqual(balancer.status)
  expect(updated(kind, balancer, service({})).status).toEqual({ loadBalancer: {} })
})

test('addresses are reported of load balancers only, and only good ones', () => {
  const report = (type: string, ingress: object) => {
    const object = created(kind, service({ type }))
    object.status = { loadBalancer: { ingress: [ingress] } }
    kind.setDefaults?.(object)
    return kind.validateStatus?.(object, object).map(({ field, detail }) => `${field}: ${detail}`)
  }
  expect(report('LoadBalancer', { ip: '203.0.113.1' })).toEqual([])
  expect(report('LoadBalancer', { ip: '203.0.113' })).toEqual([`status.loadBalancer.ingress[0].ip: ${address}`])
  expect(report('NodePort', { ip: '203.0.113.1' })).toEqual([
    "status.loadBalancer.ingress: may only be used when `spec.type` is 'LoadBalancer'",
  ])
})

for (const { name, spec, ingress = [], cells } of [
  {
    name: 'a cluster IP',
    spec: { clusterIP: '10.96.0.7' },
    cells: {
      Name: 'web',
      Type: 'ClusterIP',
      'Cluster-IP': '10.96.0.7',
      'External-IP': '<none>',
      'Port(s)': '80/TCP',
      Age: '60s',
      Selector: 'app=kubia',
    },
  },
  { name: 'headless', spec: { clusterIP: 'None', ports: [] }, cells: { 'Cluster-IP': 'None', 'Port(s)': '<none>' } },
  {
    name: 'a node port',
    spec: { type: 'NodePort', ports: [{ ...http, nodePort: 30123 }, { name: 'dns', port: 53, protocol: 'UDP' }] },
    cells: { Type: 'NodePort', 'External-IP': '<none>', 'Port(s)': '80:30123/TCP,53/UDP' },
  },
  { name: 'a load balancer without an address', spec: { type: 'LoadBalancer' }, cells: { 'External-IP': '<pending>' } },
  {
    name: 'a load balancer with addresses',
    spec: { type: 'LoadBalancer', externalIPs: ['192.0.2.1'] },
    ingress: [{ ip: '203.0.113.2' }, { ip: '203.0.113.1' }, { hostname: 'lb.example.com' }],
    cells: { 'External-IP': '203.0.113.1,203.0.113.2,lb.example.com,192.0.2.1' },
  },
  {
    name: 'an alias',
    spec: { type: 'ExternalName', externalName: 'example.com', ports: [], selector: undefined },
    cells: { 'Cluster-IP': '<none>', 'External-IP': 'example.com', 'Port(s)': '<none>', Selector: '<none>' },
  },
] as { name: string; spec: object; ingress?: object[]; cells: object }[]) {
  test(`the row of ${name}`, () => {
    const object = created(kind, service(spec))
    Object.assign(object, { status: { loadBalancer: { ingress } } })
    expect(row(kind, object)).toMatchObject(cells)
  })
}

test('columns come in the order of kubectl', () => {
  expect(kind.columns.map(({ name, priority }) => `${name} ${priority}`)).toEqual([
    'Name 0',
    'Type 0',
    'Cluster-IP 0',
    'External-IP 0',
    'Port(s) 0',
    'Age 0',
    'Selector 1',
  ])
})
