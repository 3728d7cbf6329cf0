import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import type { TableListing } from '../../kernel/nft-table-listing.ts'
import type { IngressReading } from '../../doctor/ingress/reading.ts'
import type { Recording } from '../recording.ts'
import type { Match, Sighting } from '../watch/sighting.ts'
import { Directory } from './directory.ts'
import { explain } from './explain.ts'
import type { Walk } from './walk.ts'

/** A client on node-1, and pods `near` on node-1 and `far` on node-2 behind the Service `kubia`. */
export const clusterIP = '10.96.1.1'
export const ends = { client: '10.108.1.2:40000', near: '10.108.1.3:8080', far: '10.108.2.2:8080', service: `${clusterIP}:80`, outside: '203.0.113.2:40000' }
/** Rules as nft 1.0.6 lists them. */
export const proxyRule = {
  services: rule('portolan-proxy', 'prerouting', 'meta priority set ip daddr . meta l4proto . th dport map @services goto by-code', 'goto by-code'),
  outside: rule('portolan-proxy', 'prerouting', 'ip saddr != @own-pods meta priority set ip daddr . meta l4proto . th dport map @outside goto by-code', 'goto by-code'),
  byCode: rule('portolan-proxy', 'by-code', 'meta priority & 8000:3fff vmap @picks', 'goto pick-2'),
  noneHere: rule('portolan-proxy', 'by-code', 'meta priority vmap @stickies', 'drop'),
  pick: rule('portolan-proxy', 'pick-2', 'meta l4proto { tcp, udp, sctp } dnat ip to meta priority . numgen random mod 2 map @slots-2', 'accept'),
  hairpin: rule('portolan-proxy', 'postrouting', 'ip saddr . ip daddr @hairpin masquerade fully-random', 'accept'),
  masqueraded: rule('portolan-proxy', 'postrouting', 'meta l4proto tcp ct original ip daddr . meta l4proto . ct original proto-dst @masqueraded masquerade fully-random', 'accept'),
  clusterIPs: rule('portolan-proxy', 'refuse-prerouting', 'ip daddr @cluster-ips fib daddr type != local goto refuse', 'goto refuse'),
  reset: rule('portolan-proxy', 'refuse', 'meta l4proto tcp reject with tcp reset', 'drop'),
  restricted: rule('portolan-proxy', 'prerouting', 'ip daddr . meta l4proto . th dport @restricted ip daddr . meta l4proto . th dport . ip saddr != @allowed-sources drop', 'drop'),
}

export const elements: TableListing['elements'] = sets({
  services: { [`${clusterIP} . tcp . 80`]: '0:4002', '192.168.99.11 . tcp . 30080': '0:4002' },
  'slots-2': { '0:4002 . 0': '10.108.1.3 . 8080', '0:4002 . 1': '10.108.2.2 . 8080' },
  'cluster-ips': { [clusterIP]: undefined },
  hairpin: { '10.108.1.3 . 10.108.1.3': undefined },
  masqueraded: { '192.168.99.11 . tcp . 30080': undefined },
})

export function sets(all: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>): TableListing['elements'] {
  return new Map(Object.entries(all).map(([name, held]) => [name, new Map(Object.entries(held))]))
}

export interface Told {
  readonly recording?: Partial<Recording>
  readonly endpoints?: EndpointSlice['endpoints']
  readonly spec?: Partial<Service['spec']>
  readonly namespace?: string
  readonly reading?: IngressReading
}

/** The words about a recording that is usual but for what is told. */
export function walkOf({ recording = {}, endpoints = [endpoint('near', 1), endpoint('far', 2)], spec = {}, namespace = 'default', reading }: Told): Walk {
  const usual: Recording = {
    target: { text: 'http://kubia', protocol: 'tcp', host: 'kubia', port: 80, path: '/' },
    source: { kind: 'pod', name: 'pod client', node: 'node-1', netns: '' },
    naming: { by: 'address' },
    connection: { protocol: 'tcp', ...flow(ends.client, ends.service) },
    outcome: { result: 'answered', connectMs: 0.5, answerMs: 1.5, answer: 'HTTP 200 OK' },
    sightings: [],
    earlierTries: 0,
    tracked: new Map(),
    elements: new Map([['node-1', new Map([['portolan-proxy', elements]])]]),
  }
  const ports = [{ port: 80, targetPort: 8080, nodePort: 30080, protocol: 'TCP' }]
  const service: Service = { apiVersion: 'v1', kind: 'Service', metadata: meta('kubia', namespace), spec: { type: 'NodePort', clusterIP, ports, ...spec } }
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints,
    metadata: { ...meta('kubia-x', namespace), labels: { 'kubernetes.io/service-name': 'kubia' } },
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  }
  const surroundings = {
    nodes: [1, 2].map((number) => ({ name: `node-${number}`, address: `192.168.99.1${number}`, netns: '', podsCgroup: '', isOff: false })),
    outside: { netns: '', address: '203.0.113.2' },
    dnsServer: '10.96.0.10',
  }
  const pods = [pod('client', 1, ends.client), pod('near', 1, ends.near), pod('far', 2, ends.far)]
  return explain({ ...usual, ...recording }, new Directory({ services: [service], slices: [slice], pods, surroundings }), reading)
}

export function sighting(place: string, came: readonly [string, string], rest: Partial<Sighting> & { readonly to?: readonly [string, string] } = {}): Sighting {
  const { to = came, ...others } = rest
  return { place, direction: 'original', iif: 'veth1', oif: 'eth0', came: flow(...came), went: flow(...to), flags: 'syn', matches: [], end: 'left', cameAt: 0, wentAt: 100, ...others }
}

export function rule(table: string, chain: string, text: string, verdict: string): Match {
  return { table, chain, rule: text, verdict }
}

export function endpoint(name: 'near' | 'far', node: number, isReady = true): EndpointSlice['endpoints'][number] {
  const [address = ''] = ends[name].split(':')
  return { addresses: [address], conditions: { ready: isReady }, nodeName: `node-${node}`, targetRef: { kind: 'Pod', name } }
}

export function flow(source: string, destination: string) {
  return { source: end(source), destination: end(destination) }
}

function end(text: string) {
  const [address = '', port] = text.split(':')
  return { address, port: Number(port) }
}

function pod(name: string, node: number, at: string): Pod {
  const [podIP = ''] = at.split(':')
  return { apiVersion: 'v1', kind: 'Pod', metadata: meta(name), spec: { nodeName: `node-${node}`, containers: [] }, status: { phase: 'Running', podIP } }
}

function meta(name: string, namespace = 'default') {
  return { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}
