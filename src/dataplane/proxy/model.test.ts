import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service, ServiceSpec } from '../../api/kinds/service.ts'
import { ipv4 } from './family.ts'
import { servicePorts, type Target } from './model.ts'
import { ownNode, service, slice } from './test-objects.ts'

const clusterIP = '10.96.0.10'
const web = service('web', { clusterIP })
const named = (targetPort: string) => [
  { name: 'http', port: 80, protocol: 'TCP', targetPort },
  { name: 'dns', port: 53, protocol: 'UDP' },
]

function endpoint(address: string, conditions: Endpoint['conditions'] = {}): Endpoint {
  return { addresses: [address], conditions }
}

const here = (address: string): Endpoint => ({ addresses: [address], nodeName: 'node-1' })
const elsewhere = (address: string): Endpoint => ({ addresses: [address], nodeName: 'node-2' })

function hinted(address: string, { zones = [], nodes = [] }: { zones?: string[]; nodes?: string[] }): Endpoint {
  const named = (names: string[]) => names.map((name) => ({ name }))
  return { addresses: [address], hints: { forZones: named(zones), forNodes: named(nodes) } }
}

/** With a node port, which is where traffic policies make a difference. */
function local(name: string, policies: Partial<ServiceSpec>): Service {
  return service(name, { clusterIP, type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }], ...policies })
}

/**
 * One line for each service port: `address protocol port → endpoints`, and what else is said of it. Endpoints that there
 * are none of are `none` if the connection is refused, else `dropped`.
 */
function summary(services: readonly Service[], slices: readonly EndpointSlice[]): string[] {
  const ports = servicePorts(services, slices, { families: [ipv4], node: ownNode })
  return ports.map((port) => {
    const { address, protocol, outside, hidesClients, allowedSources, affinitySeconds } = port
    return [
      `${address} ${protocol} ${port.port} → ${endpointsOf(port)}`,
      ...(outside === undefined ? [] : [`outside → ${endpointsOf(outside)}`]),
      ...(hidesClients ? ['hides clients'] : []),
      ...(allowedSources === undefined ? [] : [`for ${allowedSources.join()}`]),
      ...(affinitySeconds === undefined ? [] : [`for ${affinitySeconds} s`]),
    ].join(', ')
  })
}

function endpointsOf({ endpoints, otherwise }: Target): string {
  const targets = endpoints.map(({ address, port, isLocal }) => `${address}:${port}${isLocal ? '' : ' elsewhere'}`)
  return targets.join(' ') || (otherwise === 'drop' ? 'dropped' : 'none')
}

interface Case {
  readonly name: string
  readonly services: readonly Service[]
  readonly slices?: readonly EndpointSlice[]
  readonly is: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'no slices, no endpoints', services: [web], is: [`${clusterIP} tcp 80 → none`] },
  {
    name: 'endpoints of several slices, sorted, each once',
    services: [web],
    slices: [slice('web', ['10.0.0.3', '10.0.0.1']), slice('web', ['10.0.0.2', '10.0.0.3'], { name: 'web-2' })],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080`],
  },
  {
    name: 'slices of other Services are not its own',
    services: [web],
    slices: [slice('website', ['10.0.0.1'])],
    is: [`${clusterIP} tcp 80 → none`],
  },
  {
    name: 'ports by name and protocol, each slice with numbers of its own',
    services: [service('web', { clusterIP, ports: named('http') })],
    slices: [
      slice('web', ['10.0.0.1'], { ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }),
      slice('web', ['10.0.0.2'], {
        name: 'web-2',
        ports: [
          { name: 'http', port: 9090, protocol: 'TCP' },
          { name: 'dns', port: 5353, protocol: 'UDP' },
          { name: 'http', port: 1, protocol: 'UDP' },
        ],
      }),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:9090`, `${clusterIP} udp 53 → 10.0.0.2:5353`],
  },
  {
    name: 'absent names and protocols are empty and TCP',
    services: [service('web', { clusterIP, ports: [{ port: 80 }] })],
    slices: [slice('web', ['10.0.0.1'], { ports: [{ name: '', port: 8080 }] })],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`],
  },
  {
    name: 'only ready endpoints, an unknown condition being ready',
    services: [web],
    slices: [
      slice('web', [
        endpoint('10.0.0.1', { ready: false, serving: true, terminating: true }),
        endpoint('10.0.0.2', { ready: true }),
        endpoint('10.0.0.3'),
        endpoint('10.0.0.4', { ready: false }),
      ]),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.2:8080 10.0.0.3:8080`],
  },
  {
    name: 'those that serve to their end when none is ready',
    services: [web],
    slices: [
      slice('web', [
        endpoint('10.0.0.1', { ready: false, serving: true, terminating: true }),
        endpoint('10.0.0.2', { ready: false, serving: false, terminating: true }),
        endpoint('10.0.0.3', { ready: false, serving: true, terminating: false }),
      ]),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`],
  },
  {
    name: 'the fallback is judged for each port alone',
    services: [service('web', { clusterIP, ports: named('http') })],
    slices: [
      slice('web', ['10.0.0.1'], { ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }),
      slice('web', [endpoint('10.0.0.2', { ready: false, serving: true, terminating: true })], {
        name: 'web-2',
        ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
      }),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`, `${clusterIP} udp 53 → 10.0.0.2:53`],
  },
  {
    name: 'endpoints on other nodes, and those that may be here',
    services: [web],
    slices: [
      slice('web', [
        { addresses: ['10.0.0.1'], nodeName: 'node-1' },
        { addresses: ['10.0.0.2'], nodeName: 'node-2' },
        { addresses: ['10.0.0.3'] },
        { addresses: ['10.0.0.4'] },
      ]),
      slice('web', [{ addresses: ['10.0.0.4'], nodeName: 'node-2' }], { name: 'web-2' }),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere 10.0.0.3:8080 10.0.0.4:8080`],
  },
  {
    name: 'nothing that the kernel would refuse gets in',
    services: [service('web', { clusterIP, ports: [{ port: 80 }, { name: 'odd', port: 81, protocol: 'ICMP' }] })],
    slices: [
      slice('web', ['010.0.0.1', 'web.example', '10.0.0.1 . 1', '10.0.0.2']),
      slice('web', [{ addresses: [] }], { name: 'empty' }),
      slice('web', ['10.0.0.3'], { name: 'any-port', ports: [{ protocol: 'TCP' }] }),
      slice('web', ['10.0.0.4'], { name: 'zero', ports: [{ port: 0, protocol: 'TCP' }] }),
      slice('web', ['fd00::1'], { name: 'six', addressType: 'IPv6' }),
      slice('web', ['10.0.0.5'], { name: 'names', addressType: 'FQDN' }),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.2:8080`],
  },
  {
    name: 'affinity, with the default time and with one given',
    services: [
      service('web', { clusterIP, sessionAffinity: 'ClientIP' }),
      service('api', {
        clusterIP: '10.96.0.11',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      }),
    ],
    is: [`${clusterIP} tcp 80 → none, for 10800 s`, '10.96.0.11 tcp 80 → none, for 60 s'],
  },
  {
    name: 'every cluster IP of the family',
    services: [service('web', { clusterIP, clusterIPs: [clusterIP, 'fd00::10'] })],
    slices: [slice('web', ['10.0.0.1'])],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`],
  },
  {
    name: 'a node port at each address of the node, and at its loopback address; clients are hidden, because endpoints may be elsewhere',
    services: [service('web', { clusterIP, type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })],
    slices: [slice('web', [here('10.0.0.1'), elsewhere('10.0.0.2')])],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere`,
      '192.168.99.11 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, hides clients',
      '127.0.0.1 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, hides clients',
    ],
  },
  {
    name: 'external addresses, and those of a load balancer that leaves translation to nodes, which clients may be restricted to',
    services: [
      {
        ...service('web', {
          clusterIP,
          type: 'LoadBalancer',
          externalIPs: ['198.51.100.1'],
          loadBalancerSourceRanges: [' 192.0.2.77/24', '10.0.0.7/32', 'fd00::/64'],
        }),
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }, { ip: '203.0.113.11', ipMode: 'Proxy' }, { hostname: 'lb' }] } },
      },
    ],
    slices: [slice('web', ['10.0.0.1'])],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080`,
      '198.51.100.1 tcp 80 → 10.0.0.1:8080, hides clients',
      '203.0.113.10 tcp 80 → 10.0.0.1:8080, hides clients, for 192.0.2.0/24,10.0.0.7',
    ],
  },
  {
    name: 'externalTrafficPolicy Local leads clients from outside to endpoints of this node, and hides nobody',
    services: [local('web', { externalTrafficPolicy: 'Local' })],
    slices: [slice('web', [here('10.0.0.1'), elsewhere('10.0.0.2')])],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere`,
      '192.168.99.11 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, outside → 10.0.0.1:8080',
      '127.0.0.1 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, hides clients',
    ],
  },
  {
    name: 'Local drops where endpoints are only elsewhere, and refuses where there are none at all',
    services: [
      local('web', { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' }),
      local('idle', { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local', clusterIP: '10.96.0.11' }),
    ],
    slices: [slice('web', [elsewhere('10.0.0.2')])],
    is: [
      `${clusterIP} tcp 80 → dropped`,
      '192.168.99.11 tcp 30080 → 10.0.0.2:8080 elsewhere, outside → dropped',
      '127.0.0.1 tcp 30080 → 10.0.0.2:8080 elsewhere, hides clients',
      '10.96.0.11 tcp 80 → none',
      '192.168.99.11 tcp 30080 → none, outside → none',
      '127.0.0.1 tcp 30080 → none, hides clients',
    ],
  },
  {
    name: 'internalTrafficPolicy Local is about the cluster IP alone',
    services: [local('web', { internalTrafficPolicy: 'Local' })],
    slices: [slice('web', [here('10.0.0.1'), elsewhere('10.0.0.2')])],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080`,
      '192.168.99.11 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, hides clients',
      '127.0.0.1 tcp 30080 → 10.0.0.1:8080 10.0.0.2:8080 elsewhere, hides clients',
    ],
  },
  {
    name: 'Local takes those of this node that serve to their end before it drops',
    services: [local('web', { internalTrafficPolicy: 'Local' })],
    slices: [
      slice('web', [
        { ...here('10.0.0.1'), conditions: { ready: false, serving: true, terminating: true } },
        elsewhere('10.0.0.2'),
      ]),
    ],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080`,
      '192.168.99.11 tcp 30080 → 10.0.0.2:8080 elsewhere, hides clients',
      '127.0.0.1 tcp 30080 → 10.0.0.2:8080 elsewhere, hides clients',
    ],
  },
  {
    name: 'hints for the zone',
    services: [web],
    slices: [slice('web', [hinted('10.0.0.1', { zones: ['a'] }), hinted('10.0.0.2', { zones: ['b'] }), hinted('10.0.0.3', { zones: ['b', 'a'] })])],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.3:8080`],
  },
  {
    name: 'hints for the node before those for the zone',
    services: [web],
    slices: [
      slice('web', [
        hinted('10.0.0.1', { zones: ['a'], nodes: ['node-2'] }),
        hinted('10.0.0.2', { zones: ['a'], nodes: ['node-1'] }),
      ]),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.2:8080`],
  },
  {
    name: 'hints for the zone where none is for the node',
    services: [web],
    slices: [
      slice('web', [
        hinted('10.0.0.1', { zones: ['a'], nodes: ['node-2'] }),
        hinted('10.0.0.2', { zones: ['b'], nodes: ['node-3'] }),
      ]),
    ],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`],
  },
  {
    name: 'no hints unless every ready endpoint has one, and one is for here',
    services: [web, service('far', { clusterIP: '10.96.0.11' }), service('mixed', { clusterIP: '10.96.0.12' })],
    slices: [
      slice('web', [hinted('10.0.0.1', { zones: ['b'] }), '10.0.0.2']),
      slice('far', [hinted('10.0.0.1', { zones: ['b'] }), hinted('10.0.0.2', { zones: ['c'] })]),
      slice('mixed', [
        hinted('10.0.0.1', { zones: ['a'] }),
        hinted('10.0.0.2', { zones: ['b'] }),
        endpoint('10.0.0.3', { ready: false }),
      ]),
    ],
    is: [
      `${clusterIP} tcp 80 → 10.0.0.1:8080 10.0.0.2:8080`,
      '10.96.0.11 tcp 80 → 10.0.0.1:8080 10.0.0.2:8080',
      '10.96.0.12 tcp 80 → 10.0.0.1:8080',
    ],
  },
  {
    name: 'Services that are not the proxy’s',
    services: [
      service('headless', { clusterIP: 'None' }),
      service('unallocated', { clusterIP: '' }),
      service('external', { type: 'ExternalName', externalName: 'api.example.com' }),
      service('other-proxy', { clusterIP }, { 'service.kubernetes.io/service-proxy-name': 'dns' }),
      service('labelled', { clusterIP }, { 'service.kubernetes.io/headless': '' }),
      service('portless', { clusterIP, ports: [] }),
    ],
    is: [],
  },
]

test.each(cases)('$name', ({ services, slices = [], is }) => {
  expect(summary(services, slices)).toEqual(is)
})
