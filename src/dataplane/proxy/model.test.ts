import { expect, test } from 'vitest'
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Service } from '../../api/kinds/service.ts'
import { ipv4 } from './family.ts'
import { servicePorts } from './model.ts'
import { service, slice } from './test-objects.ts'

const clusterIP = '10.96.0.10'
const web = service('web', { clusterIP })
const named = (targetPort: string) => [
  { name: 'http', port: 80, protocol: 'TCP', targetPort },
  { name: 'dns', port: 53, protocol: 'UDP' },
]

function endpoint(address: string, conditions: Endpoint['conditions'] = {}): Endpoint {
  return { addresses: [address], conditions }
}

/** `address protocol port → endpoints`, one line for each service port. */
function summary(services: readonly Service[], slices: readonly EndpointSlice[]): string[] {
  const ports = servicePorts(services, slices, { families: [ipv4], nodeName: 'node-1' })
  return ports.map(({ address, protocol, port, endpoints, affinitySeconds: seconds }) => {
    const targets = endpoints.map((target) => `${target.address}:${target.port}${target.isLocal ? '' : ' elsewhere'}`)
    return `${address} ${protocol} ${port} → ${targets.join(' ')}${seconds === undefined ? '' : ` for ${seconds} s`}`
  })
}

interface Case {
  readonly name: string
  readonly services: readonly Service[]
  readonly slices?: readonly EndpointSlice[]
  readonly is: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'no slices, no endpoints', services: [web], is: [`${clusterIP} tcp 80 → `] },
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
    is: [`${clusterIP} tcp 80 → `],
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
    is: [`${clusterIP} tcp 80 →  for 10800 s`, '10.96.0.11 tcp 80 →  for 60 s'],
  },
  {
    name: 'every cluster IP of the family',
    services: [service('web', { clusterIP, clusterIPs: [clusterIP, 'fd00::10'] })],
    slices: [slice('web', ['10.0.0.1'])],
    is: [`${clusterIP} tcp 80 → 10.0.0.1:8080`],
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
