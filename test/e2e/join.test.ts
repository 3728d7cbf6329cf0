import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CertificateSigningRequest } from '../../src/api/kinds/certificate-signing-request.ts'
import { newRequest } from '../../src/cluster/issue-certificates.ts'
import { eventually, TestCluster } from '../test-cluster.ts'
import { TestMachine } from '../test-machine.ts'

/** A machine that has nothing of the cluster but its network becomes a node. Steps build on one another. */

interface Ticket {
  readonly token: string
  readonly server: string
  readonly caHash: string
}

const name = 'machine-a'
let cluster: TestCluster
let machine: TestMachine
let ticket: Ticket
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-join-${process.pid}`)
  await cluster.up()
  machine = await TestMachine.attachedTo(cluster, '192.168.99.200')
  ticket = await newTicket()
})
afterAll(async () => {
  await machine?.stopAgent()
  await machine?.portolan('agent', '--cleanup', '--node', name)
  await machine?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

async function newTicket(...options: string[]): Promise<Ticket> {
  return JSON.parse((await cluster.portolan('node', 'token', 'create', '--json', ...options)).stdout) as Ticket
}

function joining({ server, token, caHash }: Ticket, node = name): string[] {
  return ['--server', server, '--token', token, '--ca-hash', caHash, '--node', node]
}

async function refusal(...words: string[]): Promise<string> {
  const { code, stderr } = await machine.portolan('agent', ...words)
  expect(code).toBe(1)
  return stderr.split('\n').filter((line) => line.startsWith('portolan: ')).join('\n')
}

const pki = () => join(machine.state, name, 'pki')

/** For kubectl: whom a certificate names, and nobody else. */
function as({ cert, key }: { readonly cert: string; readonly key: string }): string[] {
  const server = ['--kubeconfig', '/dev/null', '--server', `https://127.0.0.1:${cluster.apiPort}`, '--certificate-authority', join(pki(), 'ca.crt')]
  return [...server, '--client-certificate', cert, '--client-key', key]
}

const isReady = (status: string) =>
  eventually(`${name} Ready ${status}\n${machine.said}`, async () => {
    const [ready] = await cluster.words(`node/${name}`, '{.status.conditions[?(@.type=="Ready")].status}')
    return ready === status
  })

describe('who may not join is told why', () => {
  test('where somebody else answers than the cluster', async () => {
    const caHash = `sha256:${'0'.repeat(64)}`
    expect(await refusal(...joining({ ...ticket, caHash }))).toContain(
      `portolan: the authority of https://192.168.99.1:6443 has the hash ${ticket.caHash}, not ${caHash}: this is another cluster`,
    )
  })

  test('by a token that was never made, or has been taken back', async () => {
    const sentence = 'portolan: the token is not accepted: it is wrong or has expired; make another with ./portolan node token create'
    expect(await refusal(...joining({ ...ticket, token: 'aaaaaa.bbbbbbbbbbbbbbbb' }))).toBe(sentence)
    const [id = ''] = ticket.token.split('.')
    expect(await refusal(...joining({ ...ticket, token: `${id}.bbbbbbbbbbbbbbbb` }))).toBe(sentence)
    const other = await newTicket()
    await cluster.portolan('node', 'token', 'delete', other.token)
    expect(await refusal(...joining(other))).toBe(sentence)
  })

  test('by a token whose time is over, which is then deleted', async () => {
    const short = await newTicket('--ttl', '1s')
    const [id = ''] = short.token.split('.')
    await eventually('the token is gone', async () => !(await cluster.portolan('node', 'token', 'list')).stdout.includes(id))
    expect(await refusal(...joining(short))).toContain('portolan: the token is not accepted')
  })

  test('under the name of a node of the cluster', async () => {
    expect(await refusal(...joining(ticket, 'node-1'))).toBe(
      "portolan: the cluster refuses to sign: the name node-1 is kept for the cluster itself: choose another",
    )
  })

  test('where nothing answers', async () => {
    expect(await refusal(...joining({ ...ticket, server: 'https://192.168.99.1:6444' }))).toContain('cannot be reached from here')
  })
})

test('a machine joins with the command that was printed, and is Ready', async () => {
  const { stdout } = await cluster.portolan('node', 'token', 'create')
  expect(stdout).toMatch(/^\.\/portolan agent --server https:\/\/192\.168\.99\.1:6443 --token \S+ --ca-hash sha256:\S+ --node NAME\n$/)
  const [, , ...words] = stdout.trim().replace('NAME', name).split(' ')
  machine.startAgent(...words)
  await isReady('True')
  expect(await cluster.words(`node/${name}`, '{.status.addresses[?(@.type=="InternalIP")].address}')).toEqual(['192.168.99.200'])
  const rows = (await cluster.kubectl('get', 'csr', '--no-headers')).trim().split('\n').map((row) => row.split(/\s+/))
  const issued = rows.filter((row) => row.at(-1) === 'Approved,Issued').map(([, , signer, requester]) => `${signer} ${requester?.replace(/:[a-z0-9]{6}$/, ':ID')}`)
  expect(issued.sort()).toEqual([
    'kubernetes.io/kube-apiserver-client system:node:machine-a',
    'kubernetes.io/kube-apiserver-client-kubelet system:bootstrap:ID',
    'kubernetes.io/kubelet-serving system:node:machine-a',
  ])
})

test('it keeps its keys to itself', async () => {
  const files = await machine.exec('sh', '-c', `stat -c '%a %n' ${pki()}/* | sed 's|/.*/||'`)
  expect(files.trim().split('\n')).toEqual(['600 ca.crt', '600 client.crt', '600 client.key', '600 dns.crt', '600 dns.key', '600 serving.crt', '600 serving.key'])
})

describe('its pods are pods like others', () => {
  beforeAll(async () => {
    await create(['node-1', name].flatMap((node) => [webPod(node), webService(node)]))
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
  })

  test('they are reached by cluster IP and name from another node and its pods, and reach what is there', async () => {
    const [address = ''] = await cluster.words(`service/on-${name}`, '{.spec.clusterIP}')
    expect(await firstAnswer(() => cluster.portolan('node', 'exec', 'node-1', '--', 'curl', '-s', '--max-time', '2', `http://${address}`).then(({ stdout }) => stdout))).toBe(`You've hit on-${name}`)
    expect(await firstAnswer(() => cluster.kubectl('exec', 'on-node-1', '--', 'curl', '-s', '--max-time', '2', `http://on-${name}`))).toBe(`You've hit on-${name}`)
    expect(await firstAnswer(() => cluster.kubectl('exec', `on-${name}`, '--', 'curl', '-s', '--max-time', '2', 'http://on-node-1'))).toBe("You've hit on-node-1")
    const [other = ''] = await cluster.words('service/on-node-1', '{.spec.clusterIP}')
    expect(await firstAnswer(() => machine.exec('curl', '-s', '--max-time', '2', `http://${other}`))).toBe("You've hit on-node-1")
  })

  test('they are reached from outside: by the node ports of either node, and by the load balancer', async () => {
    const [port = '', address = ''] = await cluster.words(`service/on-${name}`, '{.spec.ports[0].nodePort} {.status.loadBalancer.ingress[0].ip}')
    for (const place of [`192.168.99.11:${port}`, `192.168.99.200:${port}`, address]) {
      expect(await firstAnswer(() => outside(`http://${place}`))).toBe(`You've hit on-${name}`)
    }
    const [elsewhere = ''] = await cluster.words('service/on-node-1', '{.spec.ports[0].nodePort}')
    expect(await firstAnswer(() => outside(`http://192.168.99.200:${elsewhere}`))).toBe("You've hit on-node-1")
  })

  test('their logs are read', async () => {
    expect(await cluster.kubectl('logs', `on-${name}`)).toContain('Kubia server starting')
  })
})

describe('what this machine does not reach of it', () => {
  test('is said by commands that look into nodes', async () => {
    const there = `${name} is another machine, at 192.168.99.200`
    for (const [command, says] of [
      [['node', 'exec', name, '--', 'true'], `${there}: run the command there`],
      [['node', 'add', 'node-190'], `node-190 would have the address 192.168.99.200, which ${name} says it has: choose another number, or have ${name} join with another --node-ip`],
      [['node', 'stop', name], `${there}: end its agent there`],
      [['node', 'remove', name], `${there}: kubectl drain ${name} --ignore-daemonsets, ./portolan agent --cleanup --node ${name} there, and kubectl delete node ${name}`],
      [['trace', `pod/on-${name}`, '--', 'http://on-node-1'], `pod on-${name} is on ${name}, which is another machine: choose a pod of node-1`],
    ] as const) {
      expect(await cluster.tryPortolan(...command)).toMatchObject({ code: 1, stderr: `portolan: ${says}\n` })
    }
  })

  test('is no fault to the doctor', async () => {
    const { code, stdout } = await cluster.tryPortolan('doctor')
    expect([code, stdout]).toEqual([0, expect.stringContaining(`- ${name} is another machine: its kernel was not looked at`)])
    expect(stdout).toContain('2 of 2 nodes are ready')
    const [address = ''] = await cluster.words('service/on-node-1', '{.spec.clusterIP}')
    const asked = await cluster.portolan('doctor', `http://${address}`, '--from', `node/${name}`)
    expect(asked.stdout).toContain(`- not tried: ${name} is another machine`)
  })
})

describe('what it may not', () => {
  async function asked(spec: { commonName: string; addresses?: string[]; signerName: string; usage: string }): Promise<string> {
    const { commonName, addresses = [], signerName, usage } = spec
    const { request } = await newRequest({ commonName, organizations: ['system:nodes'], addresses, dnsNames: [] })
    const file = join(machine.home, 'csr.json')
    const body = { signerName, request: Buffer.from(request).toString('base64'), usages: ['digital signature', usage] }
    await writeFile(file, JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'mine-' }, spec: body }))
    const own = { cert: join(pki(), 'client.crt'), key: join(pki(), 'client.key') }
    const made = JSON.parse(await cluster.kubectl(...as(own), 'create', '-f', file, '-o', 'json')) as CertificateSigningRequest
    return eventually('a verdict', async () => {
      const { status } = JSON.parse(await cluster.kubectl('get', 'csr', made.metadata.name, '-o', 'json')) as CertificateSigningRequest
      const [condition] = status?.conditions ?? []
      return condition === undefined ? undefined : `${condition.type}: ${condition.message}`
    })
  }

  test('have the certificate of another node', async () => {
    expect(await asked({ commonName: 'system:node:node-1', signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usage: 'client auth' })).toBe(
      'Denied: node machine-a gets certificates of its own only, not of node-1',
    )
  })

  test('serve at the address of another', async () => {
    const serving = { commonName: `system:node:${name}`, signerName: 'kubernetes.io/kubelet-serving', usage: 'server auth' }
    expect(await asked({ ...serving, addresses: ['192.168.99.11'] })).toBe(
      'Denied: 192.168.99.11 is no address of node machine-a, which has 192.168.99.200',
    )
    expect(await asked({ ...serving, addresses: ['192.168.99.200'] })).toContain('Approved: ')
  })

  test('be joined a second time while it is there', async () => {
    const state = join(machine.home, 'elsewhere')
    expect(await refusal(...joining(ticket), '--state', state)).toContain(
      `the cluster refuses to sign: there is a node ${name} already: choose another name, or remove that one first with kubectl delete node ${name}`,
    )
  })
})

test('people approve and deny with kubectl, and what is approved is of use', async () => {
  const { request, key } = await newRequest({ commonName: 'jane', organizations: [], addresses: [], dnsNames: [] })
  const spec = { signerName: 'kubernetes.io/kube-apiserver-client', request: Buffer.from(request).toString('base64'), usages: ['client auth'], expirationSeconds: 3600 }
  await create(['jane', 'other'].map((each) => ({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: each }, spec })))
  expect(await cluster.kubectl('certificate', 'approve', 'jane')).toBe('certificatesigningrequest.certificates.k8s.io/jane approved\n')
  expect(await cluster.kubectl('certificate', 'deny', 'other')).toBe('certificatesigningrequest.certificates.k8s.io/other denied\n')
  const certificate = await eventually('a certificate', async () => (await cluster.words('csr/jane', '{.status.certificate}'))[0])
  const files = { cert: join(cluster.home, 'jane.crt'), key: join(cluster.home, 'jane.key') }
  await writeFile(files.cert, Buffer.from(certificate, 'base64'))
  await writeFile(files.key, key)
  expect((await cluster.tryKubectl(...as(files), 'get', 'pods')).stderr).toContain('User "jane" cannot list resource "pods"')
  const rows = (await cluster.kubectl('get', 'csr', 'jane', 'other', '--no-headers')).trim().split('\n').map((row) => row.split(/\s+/).slice(2).join(' '))
  expect(rows).toEqual([
    'kubernetes.io/kube-apiserver-client portolan-admin 60m Approved,Issued',
    'kubernetes.io/kube-apiserver-client portolan-admin 60m Denied',
  ])
})

test('an agent that is started again needs no token, and finds its pods', async () => {
  const container = () => cluster.words(`pod/on-${name}`, '{.status.containerStatuses[0].containerID}')
  const before = await container()
  expect(await machine.stopAgent()).toBe(0)
  machine.startAgent('--server', ticket.server, '--node', name)
  await eventually('the agent is ready', async () => machine.said.includes(`${name} is ready`))
  expect(await container()).toEqual(before)
})

test('a cluster that goes down and up again has the machine back, with its pods, and asks for no token', async () => {
  const container = () => cluster.words(`pod/on-${name}`, '{.status.containerStatuses[0].containerID}')
  const before = await container()
  const routes = () => machine.exec('sh', '-c', "ip route show protocol 108 | sed 's/ dev .*//'")
  const routesBefore = await routes()
  expect(routesBefore).toContain('10.108.1.0/24 via 192.168.99.11')
  await cluster.portolan('down')
  await cluster.up()
  // Its cable is out: the cluster gives it up in its time, and its pods with it.
  await isReady('Unknown')
  await eventually('its pod has left the Service', async () => (await cluster.words(`endpoints/on-${name}`, '{.subsets[*].addresses[*].ip}')).length === 0)
  await machine.plugInto(cluster)
  await isReady('True')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s')
  expect(await container()).toEqual(before)
  expect(await firstAnswer(() => cluster.kubectl('exec', 'on-node-1', '--', 'curl', '-s', '--max-time', '2', `http://on-${name}`))).toBe(`You've hit on-${name}`)
  expect(await firstAnswer(() => cluster.kubectl('exec', `on-${name}`, '--', 'curl', '-s', '--max-time', '2', 'http://on-node-1'))).toBe("You've hit on-node-1")
  await eventually('the routes to the other nodes’ pods', async () => (await routes()) === routesBefore, 30_000)
  expect(machine.said.split('\n').filter((line) => line === `${name} is ready`)).toHaveLength(1)
}, 180_000)

test('what is cleaned up is gone, and the machine can join again', async () => {
  const podNetwork = (await cluster.kubectl('exec', `on-${name}`, '--', 'readlink', '/proc/self/ns/net')).trim()
  expect(await networksInUse()).toContain(podNetwork)
  await machine.stopAgent()
  const { code, stderr } = await machine.portolan('agent', '--cleanup', '--node', name)
  expect([code, stderr]).toEqual([0, `nothing is left of ${name} here; kubectl delete node ${name} has the cluster forget it\n`])
  expect(await entriesOf('/run/portolan-agent')).toEqual([])
  expect(await entriesOf(machine.state)).toEqual([])
  expect(await machine.exec('nft', 'list', 'tables')).toBe('')
  expect((await machine.exec('ip', '-brief', 'address', 'show', 'dev', 'lo')).includes('10.96.0.10')).toBe(false)
  expect(await machine.exec('ip', 'route', 'show', 'protocol', '108')).toBe('')
  expect(await cgroupsOf('portolan-agent')).toEqual([])
  expect(await networksInUse()).not.toContain(podNetwork)
  const devices = (await machine.exec('ip', '-brief', 'link')).trim().split('\n').map((line) => line.replace(/[@ ].*/, ''))
  expect(devices.filter((device) => device !== 'lo')).toHaveLength(1) // its cable
  expect((await entriesOf('/var/lib/cni/results')).filter((file) => file.startsWith(`portolan-agent-${name}`))).toEqual([])
  expect((await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(machine.home))).toEqual([])
  await cluster.kubectl('delete', 'node', name)
  machine.startAgent(...joining(await newTicket()))
  await isReady('True')
})

function webPod(node: string): object {
  const containers = [{ name: 'web', image: 'luksa/kubia' }]
  const spec = { nodeName: node, terminationGracePeriodSeconds: 0, containers }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `on-${node}`, labels: { on: node } }, spec }
}

function webService(node: string): object {
  const spec = { type: 'LoadBalancer', selector: { on: node }, ports: [{ port: 80, targetPort: 8080 }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: `on-${node}` }, spec }
}

async function create(items: readonly object[]): Promise<void> {
  const file = join(cluster.home, 'objects.json')
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.kubectl('create', '-f', file)
}

/** Endpoints take a moment to get to every node. */
function firstAnswer(ask: () => Promise<string>): Promise<string> {
  return eventually('an answer', async () => (await ask()).trim() || undefined, 20_000)
}

const outside = (url: string) => cluster.portolan('client', '--', 'curl', '-s', '--max-time', '2', url).then(({ stdout }) => stdout)

async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

/** Network namespaces that any process is in, as the kernel names them. */
async function networksInUse(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  return Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => 'of one that has ended')))
}

/** Names of control groups below the one, in any hierarchy that this process is in. */
async function cgroupsOf(group: string): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => / - cgroup2? /.test(line))
  const roots = mounts.map((line) => line.split(' ')[4] ?? '')
  return (await Promise.all(roots.map((root) => entriesOf(join(root, group))))).flat().filter((entry) => entry.startsWith('machine'))
}
