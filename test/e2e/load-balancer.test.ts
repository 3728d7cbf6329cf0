import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Service } from '../../src/api/kinds/service.ts'
import { TestNamespace, TestNetwork } from '../../src/kernel/test-network.ts'
import { RunningCommand } from '../kubectl-session.ts'
import { eventually, run, TestCluster } from '../test-cluster.ts'

/**
 * Services that are reached from everywhere, on a live cluster of three nodes: a pod of the app is on node-1, where those
 * who ask from inside are too, one is on node-2, and none on node-3.
 */

const wheres = ['here', 'elsewhere', 'nowhere'] as const
const policies = ['Cluster', 'Local'] as const
const places = ['pod', 'node', 'outside'] as const
const kinds = ['ClusterIP', 'NodePort', 'LoadBalancer'] as const
type Where = (typeof wheres)[number]
type Policy = (typeof policies)[number]
type Place = (typeof places)[number]
type Kind = (typeof kinds)[number]

/** Addresses of load balancers: 203.0.113.10 to .126. */
const poolSize = 117
const finalizer = 'service.kubernetes.io/load-balancer-cleanup'

let cluster: TestCluster
/** Who has which address, so that answers can be read. */
const names = new Map<string, string>([['203.0.113.2', 'outside']])

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-lb-${process.pid}`)
  await cluster.up('--nodes', '3', '--outside-cidr', '203.0.113.0/25')
  await cluster.kubectl('create', '-f', 'test/e2e/load-balancer.yaml')
  await create(wheres.flatMap((where) => policies.map((policy) => tableService(where, policy))))
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
  const [asker = ''] = await cluster.words('pod/asker', '{.status.podIP}')
  names.set(asker, 'pod')
  for (const number of [1, 2, 3]) {
    const [address = '', range = ''] = await cluster.words(`node/node-${number}`, '{.status.addresses[?(@.type=="InternalIP")].address} {.spec.podCIDR}')
    // A node has the first address of its pods' range on its side of them.
    names.set(address, `node-${number}`).set(range.replace(/0\/24$/, '1'), `node-${number}`)
  }
  for (const where of ['here', 'elsewhere'] as const) {
    await eventually(`an endpoint ${where}`, async () => (await cluster.words(`endpoints/${where}-local`, '{.subsets[*].addresses[*].ip}')).length === 1)
  }
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

function tableService(where: Where, policy: Policy): object {
  const ports = [{ name: 'tcp', port: 80, targetPort: 8080 }, { name: 'udp', port: 80, targetPort: 8080, protocol: 'UDP' }]
  const spec = { type: 'LoadBalancer', selector: { app: 'web', where }, externalTrafficPolicy: policy, internalTrafficPolicy: policy, ports }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: nameOf(where, policy) }, spec }
}

const nameOf = (where: Where, policy: Policy) => `${where}-${policy.toLowerCase()}`

async function create(items: readonly object[]): Promise<void> {
  const file = join(cluster.home, 'objects.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.kubectl('create', '-f', file)
}

function at(place: Place, ...command: string[]): Promise<string> {
  if (place === 'pod') return cluster.kubectl('exec', 'asker', '--', ...command)
  const words = place === 'node' ? ['node', 'exec', 'node-1'] : ['client']
  return cluster.portolan(...words, '--', ...command).then(({ stdout }) => stdout)
}

/** Asks all at once. An outcome is `on-1 sees outside`, `refused`, `unreachable` or `no answer`. */
async function ask(place: Place, urls: readonly string[]): Promise<string[]> {
  // Only its protocol says whether somebody refused.
  const curl = 'out=$(curl -sv --max-time 3 $url 2>&1); echo "$n|$?|$(echo $out)"'
  const script = urls.map((url, index) => `(n=${index}; url=${url}; ${curl}) &`).join('\n')
  const outcomes = urls.map(() => '')
  for (const line of (await at(place, 'bash', '-c', `${script}\nwait`)).trim().split('\n')) {
    const [index, code, text = ''] = line.split('|')
    outcomes[Number(index)] = code === '0' ? said(/on-\d sees [\d.]+/.exec(text)?.[0] ?? text) : code === '28' ? 'no answer' : /refused/.test(text) ? 'refused' : 'unreachable'
  }
  return outcomes
}

function said(text: string): string {
  return text.replace(/ sees (.*)/, (_all, address: string) => ` sees ${names.get(address) ?? address}`)
}

/** Who answered a number of questions from outside, each over a connection of its own, and whom they saw. */
async function askedOften(url: string, times = 30): Promise<string[]> {
  return [...new Set(await ask('outside', Array.from({ length: times }, () => url)))].sort()
}

interface Frontends {
  readonly clusterIP: string
  readonly nodePort: string
  readonly loadBalancer: string
}

async function frontendsOf(service: string): Promise<Frontends> {
  const { spec, status } = JSON.parse(await cluster.kubectl('get', 'service', service, '-o', 'json')) as Service
  const [port] = spec.ports ?? []
  const [ingress] = status?.loadBalancer?.ingress ?? []
  return { clusterIP: spec.clusterIP ?? '', nodePort: String(port?.nodePort ?? ''), loadBalancer: ingress?.ip ?? '' }
}

function urlOf(kind: Kind, { clusterIP, nodePort, loadBalancer }: Frontends): string {
  switch (kind) {
    case 'ClusterIP':
      return `http://${clusterIP}`
    case 'NodePort':
      return `http://192.168.99.11:${nodePort}`
    case 'LoadBalancer':
      return `http://${loadBalancer}`
  }
}

describe('who answers, through which node, and what client the pod sees', () => {
  /**
   * A pod that is here is on node-1, like the pod and the node that ask, and the node port that is asked. `any` stands for
   * whichever node the load balancer chose, by whose address the client is hidden.
   */
  const expected: Readonly<Record<`${Kind} ${Policy}`, Readonly<Record<Where, readonly [pod: string, node: string, outside: string]>>>> = {
    'ClusterIP Cluster': {
      here: ['on-1 sees pod', 'on-1 sees node-1', 'unreachable'],
      elsewhere: ['on-2 sees pod', 'on-2 sees node-1', 'unreachable'],
      nowhere: ['refused', 'refused', 'unreachable'],
    },
    'ClusterIP Local': {
      here: ['on-1 sees pod', 'on-1 sees node-1', 'unreachable'],
      elsewhere: ['no answer', 'no answer', 'unreachable'],
      nowhere: ['refused', 'refused', 'unreachable'],
    },
    'NodePort Cluster': {
      here: ['on-1 sees node-1', 'on-1 sees node-1', 'on-1 sees node-1'],
      elsewhere: ['on-2 sees node-1', 'on-2 sees node-1', 'on-2 sees node-1'],
      nowhere: ['refused', 'refused', 'refused'],
    },
    'NodePort Local': {
      here: ['on-1 sees pod', 'on-1 sees node-1', 'on-1 sees outside'],
      elsewhere: ['on-2 sees pod', 'on-2 sees node-1', 'no answer'],
      nowhere: ['refused', 'refused', 'refused'],
    },
    'LoadBalancer Cluster': {
      here: ['on-1 sees node-1', 'on-1 sees node-1', 'on-1 sees any'],
      elsewhere: ['on-2 sees node-1', 'on-2 sees node-1', 'on-2 sees any'],
      nowhere: ['refused', 'refused', 'refused'],
    },
    'LoadBalancer Local': {
      here: ['on-1 sees pod', 'on-1 sees node-1', 'on-1 sees outside'],
      elsewhere: ['on-2 sees pod', 'on-2 sees node-1', 'on-2 sees outside'],
      nowhere: ['refused', 'refused', 'refused'],
    },
  }

  function fromOutside(kind: Kind, policy: Policy, outcome: string): string {
    if (kind === 'LoadBalancer' && policy === 'Cluster') return outcome.replace(/node-\d$/, 'any')
    // The edge knows no way to cluster IPs, but does not say so to everybody who asks at once.
    return kind === 'ClusterIP' && outcome === 'no answer' ? 'unreachable' : outcome
  }

  test('is as Kubernetes has it', async () => {
    const columns = wheres.flatMap((where) => policies.map((policy) => ({ where, policy })))
    const frontends = await Promise.all(columns.map(({ where, policy }) => frontendsOf(nameOf(where, policy))))
    const questions = columns.flatMap((column, index) => kinds.map((kind) => ({ ...column, kind, url: urlOf(kind, frontends[index] ?? fail()) })))
    const outcomes = await Promise.all(places.map((place) => ask(place, questions.map(({ url }) => url))))
    const found: Record<string, Record<string, string[]>> = {}
    for (const [index, { kind, policy, where }] of questions.entries()) {
      const [pod = '', node = '', outside = ''] = outcomes.map((ofPlace) => ofPlace[index] ?? '')
      ;(found[`${kind} ${policy}`] ??= {})[where] = [pod, node, fromOutside(kind, policy, outside)]
    }
    expect(found).toEqual(expected)
  })

  test('spreads over all nodes, wherever the pods are, and with Local over those that have any', async () => {
    const { loadBalancer: spread } = await frontendsOf('here-cluster')
    expect(await askedOften(`http://${spread}`)).toEqual(['on-1 sees node-1', 'on-1 sees node-2', 'on-1 sees node-3'])
    const { loadBalancer } = await frontendsOf('here-local')
    expect(await askedOften(`http://${loadBalancer}`)).toEqual(['on-1 sees outside'])
  })

  test('holds for datagrams, too', async () => {
    const program = `
      const socket = require('node:dgram').createSocket('udp4')
      socket.on('message', (text) => { console.log(String(text)); socket.close() })
      socket.connect(process.argv[2], process.argv[1], () => socket.send('?'))`
    const askUdp = async (place: Place, address: string, port: string) =>
      said((await at(place, place === 'pod' ? 'node' : process.execPath, '-e', program, address, port)).trim())
    const { nodePort, loadBalancer } = await frontendsOf('elsewhere-local')
    expect(await askUdp('outside', loadBalancer, '80')).toBe('on-2 sees outside')
    expect(await askUdp('pod', loadBalancer, '80')).toBe('on-2 sees pod')
    expect(await askUdp('node', '127.0.0.1', nodePort)).toBe('on-2 sees node-1')
  })

  test('includes the node’s own loopback address, for the node alone', async () => {
    for (const policy of policies) {
      const { nodePort } = await frontendsOf(nameOf('elsewhere', policy))
      const url = `http://127.0.0.1:${nodePort}`
      expect(await ask('node', [url])).toEqual(['on-2 sees node-1'])
      expect(await ask('pod', [url])).toEqual(['refused'])
    }
    const { nodePort } = await frontendsOf('nowhere-cluster')
    expect(await ask('node', [`http://127.0.0.1:${nodePort}`])).toEqual(['refused'])
  })
})

describe('nodes that fail', () => {
  const balancer = async () => {
    await create([{ ...tableService('here', 'Local'), metadata: { name: 'both' } }])
    await cluster.kubectl('patch', 'service', 'both', '-p', JSON.stringify({ spec: { selector: { app: 'web', where: null } } }))
    return eventually('an address', async () => (await frontendsOf('both')).loadBalancer || undefined)
  }
  const inEdge = (...command: string[]) => run('nsenter', [`--net=/run/netns/portolan-${cluster.name}-edge`, '--', ...command])

  test('get no connections any more when they are cut off, and get some again when they are back', async () => {
    const url = `http://${await balancer()}`
    await eventually('both pods', async () => (await askedOften(url)).join() === 'on-1 sees outside,on-2 sees outside')
    await inEdge('ip', 'link', 'set', 'node-2', 'down')
    await eventually('one pod', async () => (await askedOften(url)).join() === 'on-1 sees outside')
    await inEdge('ip', 'link', 'set', 'node-2', 'up')
    await eventually('both pods', async () => (await askedOften(url)).join() === 'on-1 sees outside,on-2 sees outside')
  })

  test('count as such when nothing on them answers for their health, though their kernel still does its work', async () => {
    const url = `http://${(await frontendsOf('here-cluster')).loadBalancer}`
    const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid: number }[] }
    const agent = processes.find(({ name }) => name === 'node-3')?.pid ?? fail()
    process.kill(agent, 'SIGSTOP')
    try {
      await eventually('two nodes', async () => (await askedOften(url)).join() === 'on-1 sees node-1,on-1 sees node-2')
    } finally {
      process.kill(agent, 'SIGCONT')
    }
    await eventually('three nodes', async () => (await askedOften(url)).length === 3)
  })
})

describe('addresses', () => {
  const ports = [{ name: 'web', port: 80, targetPort: 8080 }]
  const plain = (name: string, { spec = {}, ...metadata }: { spec?: object; annotations?: object; labels?: object } = {}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...metadata },
    spec: { type: 'LoadBalancer', selector: { app: 'web', where: 'here' }, ports, ...spec },
  })
  const externalIPs = (...args: string[]) => cluster.words('services', '{range .items[*]}{.status.loadBalancer.ingress[0].ip}{"\\n"}{end}', ...args)

  test('can be asked for, shared, left to others, and had without node ports', async () => {
    const shared = { annotations: { 'portolan.dev/allow-shared-ip': 'us' } }
    await create([
      plain('asks', { spec: { loadBalancerIP: '203.0.113.100', allocateLoadBalancerNodePorts: false } }),
      plain('shares-tcp', shared),
      plain('shares-other', { ...shared, spec: { ports: [{ port: 81, targetPort: 8080 }] } }),
      plain('foreign', { spec: { loadBalancerClass: 'example.com/other' } }),
    ])
    await eventually('addresses', async () => (await Promise.all(['asks', 'shares-tcp', 'shares-other'].map(frontendsOf))).every(({ loadBalancer }) => loadBalancer !== ''))
    expect(await frontendsOf('asks')).toMatchObject({ loadBalancer: '203.0.113.100', nodePort: '' })
    const [tcp, other] = await Promise.all([frontendsOf('shares-tcp'), frontendsOf('shares-other')])
    expect(tcp.loadBalancer).toBe(other.loadBalancer)
    const answers = await ask('outside', ['http://203.0.113.100', `http://${tcp.loadBalancer}`, `http://${other.loadBalancer}:81`, `http://${other.loadBalancer}:82`])
    expect(answers.map((answer) => answer.replace(/ sees .*/, ''))).toEqual(['on-1', 'on-1', 'on-1', 'refused'])
    expect(await cluster.kubectl('get', 'service', 'foreign')).toContain('<pending>')
    await cluster.kubectl('patch', 'service', 'asks', '-p', '{"spec":{"type":"ClusterIP","loadBalancerIP":null}}')
    await eventually('its release', async () => (await cluster.words('service/asks', '{.metadata.finalizers}')).length === 0)
    expect(await ask('outside', ['http://203.0.113.100'])).toEqual(['refused'])
    await cluster.kubectl('delete', 'service', 'asks', 'shares-tcp', 'shares-other', 'foreign')
  })

  test('run out, which is said, and are used again; of a hundred and more nothing stays behind', async () => {
    const kernel = () => Promise.all([
      run('nsenter', [`--net=/run/netns/portolan-${cluster.name}-edge`, '--', 'nft', '--stateless', 'list', 'table', 'inet', 'portolan-load-balancer']),
      run('nsenter', [`--net=/run/netns/portolan-${cluster.name}-edge`, '--', 'ip', 'rule', 'show']),
    ])
    const taken = (await externalIPs()).length
    // What the step before has deleted may still be on its way out of the kernel.
    const before = await eventually('a kernel with what there is', async () => {
      const [table, rules] = await kernel()
      const held = new Set(table.stdout.match(/\d+\.\d+\.\d+\.\d+(?= \. (?:tcp|udp))/g))
      return JSON.stringify([...held].sort()) === JSON.stringify([...new Set(await externalIPs())].sort()) && [table, rules]
    })
    const free = poolSize - taken
    const labels = { labels: { batch: 'many' } }
    await create(Array.from({ length: free }, (_, index) => plain(`many-${index}`, labels)))
    await eventually('all addresses', async () => (await externalIPs('-l', 'batch=many')).length === free)
    expect(new Set(await externalIPs()).size).toBe(poolSize)
    await create([plain('late-1', labels), plain('late-2', labels)])
    await eventually('an Event', async () => /SyncLoadBalancerFailed .*no address of 203.0.113.10-203.0.113.126 is free/.test(await cluster.kubectl('describe', 'service', 'late-1')))
    expect(await cluster.kubectl('get', 'service', 'late-1')).toContain('<pending>')
    const { loadBalancer: first } = await frontendsOf('many-0')
    await cluster.kubectl('delete', 'service', 'many-0')
    const { loadBalancer: again } = await eventually('an address', async () => {
      const late = await Promise.all(['late-1', 'late-2'].map(frontendsOf))
      return late.find(({ loadBalancer }) => loadBalancer !== '')
    })
    expect(again).toBe(first)
    await eventually('an answer', async () => (await ask('outside', [`http://${again}`]))[0]?.startsWith('on-1'))
    await cluster.kubectl('delete', 'services', '-l', 'batch=many')
    expect((await externalIPs()).length).toBe(taken)
    await eventually('a kernel as before', async () => JSON.stringify(await kernel()) === JSON.stringify(before))
  })

  test('stay the same when the server is restarted', async () => {
    const before = await externalIPs()
    const pidOf = async () => {
      const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid: number }[] }
      return processes.find(({ name }) => name === 'server')?.pid
    }
    const server = (await pidOf()) ?? fail()
    process.kill(server, 'SIGKILL')
    await eventually('another server', async () => ![server, undefined].includes(await pidOf()))
    await create([plain('after')])
    const { loadBalancer } = await eventually('an address', async () => {
      const frontends = await frontendsOf('after')
      return frontends.loadBalancer === '' ? undefined : frontends
    })
    expect(before).not.toContain(loadBalancer)
    expect((await externalIPs()).sort()).toEqual([...before, loadBalancer].sort())
    expect(await cluster.words('service/after', '{.metadata.finalizers[*]}')).toEqual([finalizer])
  })
})

describe('the load balancer by itself', () => {
  const client = '192.0.2.2'
  /** A router on the node network that nobody of the cluster knows, and a client behind it. */
  let router: TestNamespace
  let behind: TestNamespace
  let balancer: RunningCommand | undefined
  const network = new TestNetwork()
  beforeAll(async () => {
    const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as { processes: { name: string; pid: number }[] }
    const edge = new TestNamespace('edge', processes.find(({ name }) => name === 'edge')?.pid ?? fail())
    router = await network.namespace('router')
    behind = await network.namespace('behind')
    const [, port] = await network.link({ namespace: router, address: '192.168.99.200/24' }, { namespace: edge })
    await edge.ip(`link set ${port} master nodes`)
    await network.link({ namespace: router, address: '192.0.2.1/24' }, { namespace: behind, address: `${client}/24` })
    await behind.ip('route add default via 192.0.2.1')
    const inside = await readFile(String(cluster.environment['KUBECONFIG']), 'utf8')
    await writeFile(kubeconfig(), inside.replace(/server: .*/, 'server: https://192.168.99.1:6443'))
    for (const node of ['node-1', 'node-2', 'node-3']) {
      await cluster.portolan('node', 'exec', node, '--', 'ip', 'route', 'add', '192.0.2.0/24', 'via', '192.168.99.200')
    }
  })
  afterAll(async () => {
    await balancer?.[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
  })

  const kubeconfig = () => join(cluster.home, 'inside.kubeconfig')
  const inRouter = (...command: string[]) => ['nsenter', `--net=${router.path}`, '--', ...command]
  const asks = async () => (await behind.run('sh', '-c', 'curl -s --max-time 2 http://198.51.100.1 || true')).trim()

  test('gives Services of its class their addresses and leads clients to them, and leaves its rules', async () => {
    const spec = { type: 'LoadBalancer', loadBalancerClass: 'example.com/alone', selector: { app: 'web', where: 'elsewhere' }, externalTrafficPolicy: 'Local' }
    await create([{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'alone' }, spec: { ...spec, ports: [{ port: 80, targetPort: 8080 }] } }])
    const [program = '', ...words] = inRouter('./portolan', 'load-balancer', '--kubeconfig', kubeconfig(), '--nodes-device', 'a1')
    balancer = new RunningCommand(program, [...words, '--pool', '198.51.100.1-198.51.100.2', '--class', 'example.com/alone'], cluster.environment)
    await balancer.says(/the rules are in place/, 'stderr')
    await eventually('an address', async () => (await cluster.words('service/alone', '{.status.loadBalancer.ingress[*].ip}')).join() === '198.51.100.1')
    await eventually('an answer', async () => (await asks()) === `on-2 sees ${client}`)
    expect(await balancer.interrupt()).toBe(0)
    expect(await asks()).toBe(`on-2 sees ${client}`)
  })

  test('takes away what it left, and nothing else', async () => {
    const clean = () => run('nsenter', [`--net=${router.path}`, '--', './portolan', 'load-balancer', '--cleanup'])
    expect((await clean()).stderr).toContain('the rules are gone\n')
    expect((await clean()).stderr).toContain('there are no rules here\n')
    expect(await router.run('nft', 'list', 'ruleset')).toBe('')
    expect(await router.run('ip', 'rule', 'show')).not.toContain('fwmark')
    expect(await router.run('ip', 'route', 'show', 'table', 'all', 'protocol', '109')).toBe('')
    // A connection needs an address that leads somewhere.
    expect(await asks()).toBe('')
    await cluster.kubectl('delete', 'service', 'alone', '--wait=false')
    await cluster.kubectl('patch', 'service', 'alone', '-p', '{"metadata":{"finalizers":null}}')
  })
})

function fail(): never {
  throw new Error('it is missing')
}
