import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { realProcesses } from '../src/kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../src/kernel/test-network.ts'
import { type Benchmark, type Figure, median, percentile } from './benchmark.ts'
import { installPrograms } from './debian-programs.ts'
import { HttpServers } from './http-servers.ts'
import { IngressSite } from './ingress-site.ts'
import { type Answers, type Connections, LoadGenerator } from './load-generator.ts'

const endpointPort = 8080
const pods = ['10.128.0.2', '10.128.0.3', '10.128.0.4'] as const
const edgeAddress = '192.168.99.1'
const ports = { ours: 80, oursTls: 443, haproxy: 81, nginx: 82, routing: 83 } as const
/** Ours first. */
const contenders: readonly { readonly name: string; readonly port: number; readonly goal?: string }[] = [
  { name: 'ours', port: ports.ours },
  { name: 'HAProxy by hand', port: ports.haproxy, goal: '→ 1.0' },
  { name: 'HAProxy by hand that routes', port: ports.routing, goal: '≥ 0.95' },
  { name: 'nginx by hand', port: ports.nginx, goal: '≥ 1.0' },
]
const rounds = 5
const changes = 20
const many = { ingresses: 1000, paths: 10 } as const
const disturbedSeconds = 20
const betweenChangesMs = 500

/**
 * Requests through our ingress next to HAProxy and nginx with configurations by hand, to the same three servers: without
 * anything else to do, and with HAProxy that does what an ingress is for; how long changes take; what many routes cost; and whether requests are lost while everything changes.
 */
export const ingress: Benchmark = {
  name: 'ingress',
  measures: 'requests/s through the ingress next to bare HAProxy and nginx, time to effect, 1,000 × 10 routes, failures during changes',
  async run(say) {
    await installPrograms(['haproxy', 'nginx', 'wrk'], say)
    await using network = new TestNetwork()
    await using servers = await HttpServers.create(endpointPort)
    await using generator = await LoadGenerator.create()
    const { edge, client } = await place(network, servers)
    await using others = await startOthers(edge)
    void others
    await using site = await IngressSite.start(edge, { http: ports.ours, https: ports.oursTls })
    site.service('web', pods, endpointPort)
    site.ingress('any', 'web')
    await site.settled()
    const bench: Bench = { site, generator, client, say }
    const idle = await site.memory()
    return [
      ...(await throughput(bench, '')),
      ...(await timesToEffect(bench)),
      ...(await failuresDuringChanges(bench)),
      { what: 'memory of HAProxy, one route', value: idle.now, unit: 'MB' },
      ...(await manyRoutes(bench)),
    ]
  },
}

interface Bench {
  readonly site: IngressSite
  readonly generator: LoadGenerator
  readonly client: TestNamespace
  readonly say: (line: string) => void
}

async function place(network: TestNetwork, servers: HttpServers) {
  const edge = await network.namespace('edge')
  const client = await network.namespace('client')
  await network.link({ namespace: edge, address: `${edgeAddress}/24` }, { namespace: client, address: '192.168.99.2/24' })
  for (const address of pods) await servers.start(await network.pod(edge, address))
  for (const each of [edge, client]) await each.run('sh', '-c', 'echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range; echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse')
  return { edge, client }
}

/** As somebody would write them who has nothing else to serve. */
async function startOthers(edge: TestNamespace): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-ingress-others-'))
  const [haproxy, nginx, routes] = ['haproxy.cfg', 'nginx.conf', 'routes.map'].map((name) => join(directory, name)) as [string, string, string]
  await writeFile(routes, 'www.example.com/ web\n')
  await writeFile(haproxy, haproxyConfiguration(routes))
  await writeFile(nginx, nginxConfiguration(directory))
  const commands = [`haproxy -db -f ${haproxy}`, `nginx -e stderr -c ${nginx}`].map((command) => `${command} & cat; kill $!; wait`)
  const started = commands.map((command) => realProcesses.start(['sh', '-c', command], { netns: edge.path }))
  for (const port of [ports.haproxy, ports.nginx, ports.routing]) {
    await edge.run('curl', '-sf', '--retry', '50', '--retry-connrefused', '--retry-delay', '1', `http://127.0.0.1:${port}/`)
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const each of started) each.endInput()
      await Promise.all(started.map(({ ended }) => ended))
      await rm(directory, { recursive: true })
    },
  }
}

/** The second frontend routes by host and path, and tells pods of the client: what an ingress does at the least. */
const haproxyConfiguration = (routes: string) => `global
  nbthread 2
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend all
  bind :${ports.haproxy}
  default_backend web
frontend routing
  bind :${ports.routing}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  use_backend %[base,map_beg(${routes},web)]
backend web
${pods.map((address, index) => `  server s${index} ${address}:${endpointPort}`).join('\n')}
`

const nginxConfiguration = (directory: string) => `daemon off;
pid ${directory}/nginx.pid;
worker_processes 2;
events { worker_connections 4096; }
http {
  access_log off;
  upstream web { ${pods.map((address) => `server ${address}:${endpointPort};`).join(' ')} keepalive 64; }
  server {
    listen ${ports.nginx};
    location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`

/** In turn, so that what slows the machine down slows down all. */
async function throughput({ generator, client, say }: Bench, suffix: string): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const connections of ['keep-alive', 'new'] as const satisfies readonly Connections[]) {
    const answers = new Map(contenders.map(({ port }) => [port, [] as Answers[]]))
    for (let round = 0; round < rounds; round += 1) {
      for (const { port } of contenders) answers.get(port)?.push(await generator.run({ from: client, addresses: [edgeAddress], port, connections }))
    }
    const rates = (port: number) => (answers.get(port) ?? []).map(({ perSecond }) => perSecond)
    for (const { name, port } of contenders) say(`${connections}${suffix}: ${name}: ${rates(port).map(Math.round).join(', ')}`)
    for (const { name, port } of contenders) {
      figures.push(
        { what: `${connections}${suffix}: ${name}`, value: median(rates(port)), unit: '/s' },
        { what: `${connections}${suffix}: ${name}, p99`, value: median((answers.get(port) ?? []).map(({ p99 }) => p99)), unit: 'ms' },
      )
    }
    for (const { name, port, goal } of contenders.slice(1)) {
      const ratios = rates(ports.ours).map((rate, round) => rate / (rates(port)[round] ?? NaN))
      figures.push({ what: `${connections}${suffix}: ours ÷ ${name}`, value: median(ratios), unit: '×', ...(goal !== undefined && { goal }) })
    }
  }
  return figures
}

async function timesToEffect({ site }: Bench): Promise<Figure[]> {
  const times = { endpoints: [] as number[], routes: [] as number[], backends: [] as number[] }
  const timed = async (into: number[], change: () => void) => {
    const started = performance.now()
    change()
    await site.settled()
    into.push(performance.now() - started)
  }
  for (let turn = 0; turn < changes; turn += 1) {
    await timed(times.endpoints, () => site.endpoints('web', turn % 2 === 0 ? pods.slice(1) : pods, endpointPort))
    await timed(times.routes, () => site.ingress('turn', 'web', { host: `turn-${turn}.example.com` }))
    site.service(`new-${turn}`, pods, endpointPort)
    await timed(times.backends, () => site.ingress('new', `new-${turn}`, { host: 'new.example.com' }))
    await sleep(betweenChangesMs)
  }
  return [
    { what: 'endpoints change → HAProxy follows, p50', value: percentile(times.endpoints, 0.5), unit: 'ms' },
    { what: 'endpoints change → HAProxy follows, p90', value: percentile(times.endpoints, 0.9), unit: 'ms' },
    { what: 'a route changes, p50', value: percentile(times.routes, 0.5), unit: 'ms' },
    { what: 'a new backend (a new process), p50', value: percentile(times.backends, 0.5), unit: 'ms' },
  ]
}

/** wrk counts what fails, and the run rejects if anything did. */
async function failuresDuringChanges({ site, generator, client, say }: Bench): Promise<Figure[]> {
  const over = new AbortController()
  let turns = 0
  const changing = (async () => {
    for (; !over.signal.aborted; turns += 1) {
      site.endpoints('web', pods.slice(turns % 3), endpointPort)
      site.ingress('turn', 'web', { host: `turn-${turns}.example.com` })
      site.service('other', pods, endpointPort)
      if (turns % 4 === 0) site.ingress(`other-${turns}`, 'other', { host: `other-${turns}.example.com` })
      if (turns % 8 === 0) {
        site.service(`new-${turns}`, pods, endpointPort)
        site.ingress('new', `new-${turns}`, { host: 'new.example.com' })
      }
      await sleep(betweenChangesMs)
    }
  })()
  let count = 0
  for (let second = 0; second < disturbedSeconds; second += 1) {
    count += (await generator.run({ from: client, addresses: [edgeAddress], port: ports.ours, connections: second % 2 === 0 ? 'keep-alive' : 'new' })).count
  }
  over.abort()
  await changing
  say(`${count} requests during ${turns} changes`)
  return [
    { what: `asked during ${disturbedSeconds} s of changes, two a second`, value: count, unit: 'requests' },
    { what: 'of which failed', value: 0, unit: 'requests', goal: '0' },
  ]
}

async function manyRoutes(bench: Bench): Promise<Figure[]> {
  const { site } = bench
  const started = performance.now()
  for (let index = 0; index < many.ingresses; index += 1) {
    const paths = Array.from({ length: many.paths }, (_, path) => `/path-${path}`)
    site.service(`web-${index}`, pods, endpointPort)
    site.ingress(`web-${index}`, `web-${index}`, { host: `host-${index}.example.com`, paths })
  }
  await site.settled()
  const loadedMs = performance.now() - started
  const changed = performance.now()
  site.endpoints('web-500', pods.slice(1), endpointPort)
  await site.settled()
  const changeMs = performance.now() - changed
  const { now, peak } = await site.memory()
  const size = `${many.ingresses} × ${many.paths} routes`
  return [
    { what: `${size}: all in effect`, value: loadedMs, unit: 'ms' },
    { what: `${size}: endpoints change → HAProxy follows`, value: changeMs, unit: 'ms' },
    { what: `${size}: memory of HAProxy`, value: now, unit: 'MB' },
    { what: `${size}: … at most`, value: peak, unit: 'MB' },
    ...(await throughput(bench, `, ${size}`)),
  ]
}
