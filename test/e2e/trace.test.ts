import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { throwawayPki } from '../../src/base/throwaway-pki.ts'
import type { Walk } from '../../src/trace/explain/walk.ts'
import { type Output, TestCluster } from '../test-cluster.ts'

/** Traces on a live cluster of two nodes, told by kernels that really led the packets. */

let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-trace-${process.pid}`)
  await cluster.up('--nodes', '2')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'trace-'))
  const { server } = await throwawayPki()
  const [cert, key] = [join(folder.path, 'cert'), join(folder.path, 'key')]
  await Promise.all([writeFile(cert, server.cert), writeFile(key, server.key)])
  await cluster.kubectl('create', 'secret', 'tls', 'cert', '--cert', cert, '--key', key)
  await cluster.kubectl('create', '-f', resolve(import.meta.dirname, 'trace.yaml'))
  await cluster.kubectl('wait', '--for=condition=ready', 'pod', '--all', '--timeout=60s')
  await cluster.kubectl('wait', '--for=jsonpath={.status.loadBalancer.ingress[0].ip}', 'ingress/kubia', '--timeout=30s')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

interface Traced extends Walk {
  readonly code: number
  /** Every line of every step. */
  readonly said: string
}

async function trace(...words: string[]): Promise<Traced> {
  const { code, stdout, stderr }: Output = await cluster.tryPortolan('trace', '-o', 'json', ...words)
  if (stdout === '') throw new Error(stderr)
  const walk = JSON.parse(stdout) as Walk
  const said = walk.steps.flatMap(({ place, text, details, warnings }) => [`${place}: ${text}`, ...details, ...warnings.map((line) => `! ${line}`)]).join('\n')
  return { ...walk, code, said }
}

/** One trace after the other, to each destination. */
async function fromClient(...targets: string[]): Promise<readonly Traced[]> {
  const walks: Traced[] = []
  for (const target of targets) walks.push(await trace('pod/client', '--', target))
  return walks
}

/** The places that packets came through, in the order of time. */
function way({ seen }: Walk): string {
  return seen.sightings.map(({ place, direction }) => (direction === 'original' ? place : `${place} back`)).join(', ')
}

test('a cluster IP, to a pod on another node and back', async () => {
  const walk = await trace('pod/client', '--', 'http://far')
  expect(way(walk)).toBe('node-1, node-2, node-2 back, node-1 back')
  expect(walk.said).toMatch(/^pod client: asks 10\.96\.0\.10 for far\nfar\.default\.svc\.cluster\.local: 10\.\S+$/m)
  expect(walk.said).toMatch(/is the cluster IP of service\/far, port 80 \(http\) → targetPort 8080$/m)
  expect(walk.said).toMatch(/^services: 10\.\S+ \. tcp \. 80 : \S+\nslots-1: \S+ \. 0 : 10\.108\.\d+\.\d+ \. 8080\nthe only endpoint$/m)
  expect(walk.said).toMatch(/^destination translated to 10\.108\.\d+\.\d+:8080 \(pod far on node-2\)$/m)
  expect(walk.said).toMatch(/^pod far on node-2: answers \(SYN\+ACK\)$/m)
  expect(walk.said).toMatch(/^source translated back to 10\.\S+:80$/m)
  expect(walk.said).toContain("You've hit far")
  expect(walk.said).not.toContain('! ')
  expect(walk.tracked.map(({ place, state }) => [place, state])).toEqual([['node-1', 'ESTABLISHED'], ['node-2', 'ESTABLISHED']])
  expect(walk).toMatchObject({ code: 0, summary: 'answered by pod far on node-2' })
})

test('a pod that meets itself, and one node’s port from outside that leads to another', async () => {
  const [hairpin, nodePort] = await Promise.all([trace('pod/client', '--', 'http://self'), trace('--from', 'outside', '--', 'http://192.168.99.12:30123')])
  expect(way(hairpin)).toBe('node-1, node-1 back')
  expect(hairpin.said).toMatch(/^hairpin: (\S+) \. \1$/m)
  expect(hairpin.summary).toBe('answered by pod client on node-1')
  expect(way(nodePort)).toBe('edge, node-2, node-1, node-1 back, node-2 back, edge back')
  expect(nodePort.said).toMatch(/^masqueraded: 192\.168\.99\.12 \. tcp \. 30123$/m)
  expect(nodePort.said).toMatch(/^source translated to 192\.168\.99\.12:\d+ \(node-2\)$/m)
  expect(nodePort.summary).toBe('answered by pod client on node-1')
})

test('a load balancer’s address, to a node that has a pod, with the client’s address', async () => {
  const [address = ''] = await cluster.words('service/far', '{.status.loadBalancer.ingress[0].ip}')
  const walk = await trace('outside', '--', `http://${address}`)
  expect(way(walk)).toBe('edge, node-2, node-2 back, edge back')
  expect(walk.said).toMatch(/^frontends: \S+ \. tcp \. 80 : 0x\w+\nbuckets: a node chosen by the hash/m)
  expect(walk.said).not.toContain('source translated to')
  expect(walk.summary).toBe('answered by pod far on node-2')
})

test('affinity, first by chance and then by memory', async () => {
  const first = await trace('pod/client', '--', 'http://sticky')
  expect(first.said).toContain('the client is not remembered: the only endpoint')
  const second = await trace('pod/client', '--', 'http://sticky')
  expect(second.said).toMatch(/^affinity: 10\.108\.\d+\.\d+ \. 10\.\S+ \. tcp \. 80 : \S+\nthe client is remembered, for 10800 s from now\nsticky-endpoints: /m)
})

test('names: headless ones are of pods, aliases are followed, and what does not exist is said', async () => {
  const [headless, ext, none] = await fromClient('http://headless:8080', 'http://ext', 'nobody:80')
  expect(headless?.said).toMatch(/^10\.108\.\d+\.\d+ is pod far on node-2$/m)
  expect(headless?.said).not.toContain('translated')
  expect(headless?.code).toBe(0)
  expect(ext?.said).toMatch(/^ext\.default\.svc\.cluster\.local: alias of api\.somecompany\.com: has no address$/m)
  expect(ext).toMatchObject({ code: 1, summary: 'ext is an alias of a name without an address' })
  expect(none?.said).toMatch(/^nobody\.default\.svc\.cluster\.local: does not exist$/m)
  expect(none).toMatchObject({ code: 1, summary: 'there is no address for nobody' })
})

test('refusals: by which rule, or by the pod', async () => {
  const [none, port, udp, silent] = await fromClient('http://none', 'http://far:81', 'udp://none:80', 'http://silent')
  expect(none?.said).toMatch(/^not in services, and cluster-ips: 10\.\S+\nrefused: meta l4proto tcp reject with tcp reset\nends here, refused$/m)
  expect(none).toMatchObject({ code: 1, summary: 'refused in node-1: service/none has no ready endpoint; see ./portolan doctor service/none' })
  expect(port?.summary).toBe('refused in node-1: service/far has no tcp port 81, only port 80 (http)')
  expect(udp?.said).toContain('refused: meta l4proto { udp, sctp } reject')
  expect(udp).toMatchObject({ code: 1, outcome: { result: 'refused' } })
  expect(silent).toMatchObject({ code: 1, summary: 'refused by pod far on node-2: nobody listens on port 81' })
})

test('dropped where Local finds no pod; and no way out of the cluster', async () => {
  const [nodePort = ''] = await cluster.words('service/far', '{.spec.ports[0].nodePort}')
  const [local, away] = await Promise.all([trace('outside', '--', `http://192.168.99.11:${nodePort}`), trace('pod/client', '--', 'tcp://198.51.100.1:80')])
  expect(local?.said).toContain('its code says drop: there is no endpoint for this client here')
  expect(local).toMatchObject({ code: 1, summary: 'dropped in node-1: service/far has no endpoint on node-1, and its traffic policy is Local' })
  expect(local?.seen.earlierTries).toBeGreaterThan(0)
  expect(away).toMatchObject({ code: 1, summary: 'edge has no way to 198.51.100.1' })
})

test('nodes and pods on their network, as clients and as servers', async () => {
  const node = await trace('node/node-1', '--', 'http://far.default.svc.cluster.local')
  const itself = await trace('node', '--', 'http://127.0.0.1:30123')
  const fromHost = await trace('pod/host', '--', 'http://self')
  const toHost = await trace('pod/client', '--', 'http://host')
  expect(way(node)).toBe('node-1, node-2, node-2 back, node-1 back')
  expect(itself.said).toContain('is the node port of service/self')
  expect(itself.code).toBe(0)
  expect(way(fromHost)).toBe('node-2, node-1, node-1 back, node-2 back')
  expect(toHost.said).toContain('that is pod host, which uses the network of node-2')
  expect(toHost.said).toMatch(/given to a program here: 192\.168\.99\.12:8080/)
})

test('an Ingress: the rule, the pod and the second connection, as HAProxy and the kernels tell of them', async () => {
  const walk = await trace('outside', '--', 'http://kubia.example.com/shop/cart?item=1')
  expect(walk.said).toContain('no DNS was asked: it is the address of ingress default/kubia')
  expect(walk.said).toMatch(/^HAProxy: reads GET \/shop\/cart for the host kubia\.example\.com\nhosts: kubia\.example\.com : kubia\.example\.com\nprefixes: kubia\.example\.com\/shop\/ : default_far_80$/m)
  expect(walk.said).toMatch(/^ingress default\/kubia: host kubia\.example\.com, path \/shop \(Prefix\) → service\/far, port http$/m)
  expect(walk.said).toMatch(/^HAProxy: sends it to pod far on node-2\nserver s1 of default_far_80: 10\.108\.\d+\.\d+:8080 \(pod far on node-2\)\na new connection: 192\.168\.99\.1:\d+ → 10\.\S+:8080$/m)
  expect(walk.said).toMatch(/^HAProxy: passes on the pod’s answer, status 200\nrequest read \S+ ms \(TR\), queued \S+ ms \(Tw\), connected \S+ ms \(Tc\), answer \S+ ms \(Tr\), /m)
  expect(walk.said).not.toContain('! ')
  expect(way(walk)).toBe('edge, edge back')
  expect(way({ ...walk, seen: { ...walk.seen, ...walk.seen.relayed } })).toBe('edge, node-2, node-2 back, edge back')
  const { server } = walk.seen.relayed?.request ?? {}
  expect(walk.tracked.flatMap(({ place, original, state }) => (original.source.port === server?.source.port ? [[place, state]] : []))).toEqual([['edge', 'ESTABLISHED'], ['node-2', 'ESTABLISHED']])
  expect(walk).toMatchObject({ code: 0, outcome: { answer: 'HTTP 200 OK', body: "You've hit far" }, summary: 'answered by pod far on node-2 through ingress default/kubia' })
})

test('an Ingress by HTTPS: the certificate that was shown, and whose it is', async () => {
  const [own, other] = [await trace('outside', '--', 'https://kubia.example.com/'), await trace('outside', '--host', 'other.example.com', '--', 'https://203.0.113.3/')]
  expect(own.said).toMatch(/^outside: agrees on TLSv1\.3, TLS_\S+\nasks for kubia\.example\.com \(SNI\)\nis shown a certificate of \S.*\nissued by .*\nit is that of Secret default\/cert, named by ingress default\/kubia$/m)
  expect(own).toMatchObject({ code: 0, summary: 'answered by pod far on node-2 through ingress default/kubia', seen: { relayed: { request: { tls: { sni: 'kubia.example.com', version: 'TLSv1.3' } } } } })
  expect(other.said).toContain('no Secret of an Ingress has it: it is the default certificate')
  expect(other).toMatchObject({ code: 1, summary: 'answered by HAProxy itself, status 404: no Ingress has a rule for the host other.example.com' })
})

test('an Ingress asked by a pod, which says the host; and a Service behind without endpoints', async () => {
  const [pod, none] = [await trace('pod/client', '--host', 'kubia.example.com', '--', 'http://portolan-ingress.kube-system/'), await trace('outside', '--', 'http://kubia.example.com/none')]
  expect(way(pod)).toBe('node-1, edge, edge back, node-1 back')
  // That of the trace before may still wait.
  expect(pod.said).toMatch(/^a (new connection|connection that it has from before): 192\.168\.99\.1:\d+ → /m)
  expect(pod).toMatchObject({ code: 0, summary: 'answered by pod far on node-2 through ingress default/kubia' })
  expect(none.said).toContain('HAProxy: answers by itself, status 503')
  expect(none).toMatchObject({ code: 1, summary: 'answered by HAProxy itself, status 503: the Service default/none has no ready endpoint for its port 80' })
})

test('an Ingress asked by a node, whose address is hidden behind a port that was drawn', async () => {
  const walk = await trace('node/node-2', '--host', 'kubia.example.com', '--', 'http://203.0.113.3/')
  expect(walk.said).toMatch(/^HAProxy: reads GET \/ for the host kubia\.example\.com$/m)
  expect(walk).toMatchObject({ code: 0, summary: 'answered by pod far on node-2 through ingress default/kubia' })
})

test('in words: a line for each thing that happened; and what cannot be traced in a sentence', async () => {
  const { stdout } = await cluster.portolan('trace', 'pod/client', '--', 'http://far')
  expect(stdout).toMatch(/^http:\/\/far from pod client\n 1\. pod client: asks 10\.96\.0\.10 for far +took \S+ m?.?s\n/)
  expect(stdout).toMatch(/\nconnection tracking\n {2}node-1: [^]+\nanswered by pod far on node-2\n$/)
  const refusals = [
    { words: ['pod/none', '--', 'http://far'], says: 'there is no pod/none in namespace default' },
    { words: ['node/node-9', '--', 'http://far'], says: 'there is no node "node-9" on this machine: choose one of node-1, node-2' },
    { words: ['outside', '--', 'http://far'], says: 'clients outside have no DNS for far: give the address of service/far' },
    { words: ['pod/client'], says: 'give a place and a destination' },
  ]
  await Promise.all(refusals.map(async ({ words, says }) => {
    const output = await cluster.tryPortolan('trace', ...words)
    expect(output).toMatchObject({ code: 1, stdout: '' })
    expect(output.stderr).toContain(says)
  }))
})

test('nothing stays in the kernel', async () => {
  const tables = await Promise.all(['node-1', 'node-2'].map(async (node) => (await cluster.portolan('node', 'exec', node, '--', 'nft', 'list', 'tables')).stdout))
  expect(tables.join('')).not.toContain('trace')
})
