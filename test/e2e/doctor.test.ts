import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClusterDescription } from '../../src/cli/status.ts'
import type { Diagnosis, Finding } from '../../src/doctor/finding.ts'
import { ingressSetUps } from '../broken-ingresses.ts'
import { questions } from '../broken-questions.ts'
import { setUps, type SetUp } from '../broken-services.ts'
import { eventually, type Output, run, TestCluster } from '../test-cluster.ts'

/** The doctor on a live cluster of two nodes, with a catalogue of what is broken, each in one way. */

let cluster: TestCluster
const services = setUps()
let ingresses: readonly SetUp[]
const events = () => cluster.kubectl('get', 'events', '-o', 'custom-columns=O:.involvedObject.name,R:.reason')

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-doctor-${process.pid}`)
  await cluster.up('--nodes', '2')
  const file = join(cluster.home, 'catalogue.json')
  ingresses = await ingressSetUps()
  const items = [...services, ...ingresses].flatMap(({ objects }) => objects)
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await cluster.kubectl('create', '-f', file)
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function doctor(...words: string[]): Promise<{ code: number; diagnoses: readonly Diagnosis[] }> {
  const output = await cluster.tryPortolan('doctor', ...words, '-o', 'json')
  return { code: output.code, diagnoses: diagnosesIn(output) }
}

function diagnosesIn({ stdout, stderr }: Output): readonly Diagnosis[] {
  if (stdout === '') throw new Error(stderr)
  return (JSON.parse(stdout) as { diagnoses: readonly Diagnosis[] }).diagnoses
}

async function findingsOf(name: string): Promise<readonly Finding[]> {
  return (await doctor(`service/${name}`)).diagnoses.flatMap(({ findings }) => findings)
}

type Reasons = Record<string, string | null>

/** What is found first of each, by its kind and name; null for nothing. */
function firstReasons(diagnoses: readonly Diagnosis[]): Reasons {
  return Object.fromEntries(diagnoses.map(({ subject, findings }) => [subject.split(' ')[0] ?? '', findings[0]?.reason ?? null]))
}

function wantedOf(kind: 'service' | 'ingress', setUpsOfKind: readonly SetUp[]): Reasons {
  return Object.fromEntries(setUpsOfKind.map(({ name, reason = null }) => [`${kind}/${name}`, reason]))
}

test('each set-up gets the one right diagnosis first, and healthy ones none', async () => {
  const own = { nodes: null, 'service/kubernetes': null, 'service/kube-dns': null, 'service/portolan-ingress': null }
  const wanted: Reasons = { ...own, ...wantedOf('service', services), ...wantedOf('ingress', ingresses) }
  expect(Object.values(wanted).filter((reason) => reason !== null).length).toBeGreaterThan(50)
  let last: readonly Diagnosis[] = []
  const differing = () => {
    const found = firstReasons(last)
    return Object.keys(wanted).filter((name) => found[name] !== wanted[name])
  }
  await eventually('all pods as they are meant to be', async () => {
    last = (await doctor()).diagnoses
    return differing().length === 0
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(last.filter(({ subject }) => differing().some((name) => subject.startsWith(`${name} `))), null, 1), { cause: error })
  })
  const unfounded = last.flatMap(({ findings }) => findings).filter(({ evidence, fix, command = '' }) => evidence.length === 0 || fix === '' || command === '')
  expect(unfounded).toEqual([])
})

test('what clients ask for wrongly is told apart, and healthy questions get an answer', async () => {
  const found: Record<string, string | null> = {}
  const waiting = [...questions]
  // Two at a time: each is a process of its own.
  await Promise.all([1, 2].map(async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { url, from } = next
      const { diagnoses } = await doctor(url, ...from)
      found[[url, ...from].join(' ')] = diagnoses[0]?.findings[0]?.reason ?? null
    }
  }))
  expect(found).toEqual(Object.fromEntries(questions.map(({ url, from, reason = null }) => [[url, ...from].join(' '), reason])))
})

test('a healthy Ingress gets a report of what was really asked, and exit code 0', async () => {
  const { code, stdout } = await cluster.tryPortolan('doctor', 'ingress/well-with-certificate')
  expect(stdout).toMatch(/✔ reached at 203\.0\.113\.3/)
  expect(stdout).toMatch(/✔ Service right has ready endpoints: 10\.108\.\d\.\d+:8080/)
  expect(stdout).toMatch(/✔ GET http:\/\/good\.example\.com\/ from outside: 200/)
  expect(stdout).toMatch(/✔ GET https:\/\/good\.example\.com\/ from outside: 200, with the certificate in Secret good/)
  expect(stdout).toMatch(/healthy\n$/)
  expect(code).toBe(0)
})

test('of pods that are not ready it tells the probe and what that said last; of a selector the labels that come near', async () => {
  const [unready] = await findingsOf('unready')
  expect(unready?.cause).toMatch(/readiness probe \(exec ls \/var\/ready\)/)
  expect(unready?.evidence.join('\n')).toMatch(/No such file or directory/)
  const [misprint] = await findingsOf('misprint')
  expect([misprint?.cause, ...(misprint?.evidence ?? [])].join('\n')).toMatch(/app=right/)
})

test('typing mistakes in a manifest are put right, with line and column', async () => {
  const file = join(cluster.home, 'mistyped.yaml')
  const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: new\nspec:\n  ports:\n  - port: 80\n    targetPort: 8080\n  selector:\n    app: right\n'
  const found: Record<string, readonly string[]> = {}
  for (const [name, text] of Object.entries({
    'no blank': service.replace('name: new', 'name:kubia'),
    'full-width colon': service.replace('spec:', 'spec：'),
    'indentation': service.replace('    targetPort', '   targetPort'),
    'unknown field': service.replace('ports:', 'prots:'),
    'misplaced field': service.replace('  selector:\n    app: right', 'selector:\n  app: right'),
    'no items': 'apiVersion: v1\nkind: List\nitems: []\n',
  })) {
    await writeFile(file, text)
    const { diagnoses } = await doctor('-f', file)
    found[name] = diagnoses.flatMap(({ findings }) => findings).map(({ reason, place }) => `${place?.line}:${place?.column} ${reason}`)
  }
  expect(found).toEqual({
    'no blank': ['4:8 MissingBlank'],
    'full-width colon': ['5:5 LookalikeCharacter'],
    'indentation': ['8:1 WrongIndentation'],
    'unknown field': ['6:3 UnknownField'],
    'misplaced field': ['9:1 MisplacedField'],
    'no items': ['3:1 EmptyList'],
  })
})

test('a manifest is judged beside what the cluster has', async () => {
  const file = join(cluster.home, 'new.yaml')
  const port = '  - port: 80\n    targetPort: htpp\n'
  await writeFile(file, `apiVersion: v1\nkind: Service\nmetadata:\n  name:new\nspec:\n  ports:\n${port}  selector:\n    app: right\n`)
  const { code, diagnoses: [diagnosis] } = await doctor('-f', file)
  expect(diagnosis?.findings.map(({ reason, place }) => `${place?.line}:${place?.column} ${reason}`)).toEqual(['4:8 MissingBlank', '8:17 TargetPortNotDefined'])
  expect(code).toBe(1)
  expect((await doctor('-f', 'examples/kubia-rc.yaml', '-f', 'examples/kubia-svc.yaml')).code).toBe(0)
})

test('a healthy Service gets a report of what was really tried, and exit code 0', async () => {
  const { code, stdout } = await cluster.tryPortolan('doctor', 'service/right-node-port')
  expect(stdout).toMatch(/✔ selector app=right matches 1 pod, 1 of them ready/)
  expect(stdout).toMatch(/✔ DNS answers right-node-port\.default\.svc\.cluster\.local with 10\.\S+ \(asked from pod \S+, node-1, node-2\)/)
  expect(stdout).toMatch(/✔ connected to 10\.\S+:80 from pod \S+, node-1, node-2/)
  expect(stdout).toMatch(/✔ connected to 192\.168\.99\.12:3\d{4} from outside/)
  expect(stdout).toMatch(/healthy\n$/)
  expect(code).toBe(0)
})

test('a broken one gets causes, evidence and a command that puts it right, and exit code 1', async () => {
  const { code, stdout } = await cluster.tryPortolan('doctor', 'service/no-target-port')
  expect(stdout).toContain('1. The Service sends to port 80, on which nobody listens in pod right')
  expect(code).toBe(1)
})

test('the commands put right what they can', async () => {
  const names = ['no-target-port', 'no-such-port', 'misprint', 'streams', 'headless-mapped', 'local-outside', 'local-inside', 'by-hand']
  await Promise.all(names.map(async (name) => {
    const [finding] = await findingsOf(name)
    expect((await run('sh', ['-c', finding?.command ?? 'false'], cluster.environment)).code).toBe(0)
  }))
  await eventually('all of them to be healthy', async () => {
    const reasons = firstReasons((await doctor('-n', 'default')).diagnoses)
    return names.every((name) => reasons[`service/${name}`] === null)
  })
})

test('what cannot be examined is said in a sentence', async () => {
  const refusals = [
    { words: ['service/none'], says: 'there is no service/none in namespace default' },
    { words: ['service/right', '-n', 'shop'], says: 'there is no service/right in namespace shop: service/right is in default: give -n default' },
    { words: ['service/right', '-n', 'shpo'], says: 'there is no namespace shpo: service/right is in default: give -n default' },
    { words: ['http://[::1]:80'], says: 'has an IPv6 address, which clusters here do not have' },
    { words: ['ftp://right'], says: 'begins with ftp://, which is not known' },
    { words: ['pod/right'], says: '"pod/right" is neither a Service nor an Ingress' },
    { words: ['ingress/none'], says: 'there is no ingress/none in namespace default' },
    { words: ['http://right', '--from', 'pod/none'], says: 'there is no pod none in namespace default' },
    { words: ['tcp://right'], says: '"tcp://right" has no port' },
    { words: ['-f', '/nowhere.yaml'], says: '/nowhere.yaml cannot be read (ENOENT)' },
  ]
  await Promise.all(refusals.map(async ({ words, says }) => {
    const { code, stdout, stderr } = await cluster.tryPortolan('doctor', ...words)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(says)
  }))
})

test('it changes nothing', async () => {
  const kinds = 'services,endpoints,endpointslices,pods,configmaps,serviceaccounts,namespaces,ingresses,ingressclasses,secrets'
  const all = () => cluster.words(kinds, '{range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion} {end}', '-A')
  // What keeps crashing changes by itself.
  const versions = async () => (await all()).filter((word) => !word.includes('/crash'))
  const before = await versions()
  await doctor()
  await doctor('http://right', '--from', 'pod/right')
  await doctor('-f', 'examples/kubia-svc.yaml')
  expect(await versions()).toEqual(before)
})

test('Services say by themselves why nobody answers, and when somebody does again', async () => {
  const wanted = services.filter(({ reason = '' }) => /^(Pods|Containers|Image)/.test(reason))
  await eventually('the reasons', async () => {
    const told = await events()
    return wanted.every(({ name, reason = '' }) => new RegExp(`^${name}\\s+${reason}$`, 'm').test(told))
  })
  expect(await cluster.kubectl('describe', 'service', 'unready')).toMatch(/Warning +PodsNotReady .*does not pass its readiness probe \(exec ls \/var\/ready\)/)
  await cluster.kubectl('exec', 'unready', '--', 'touch', '/var/ready')
  await eventually('the good news', async () => /^unready\s+EndpointsReady$/m.test(await events()))
})

test('a service proxy that is held up is found out, and the node is named', async () => {
  const status = JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
  const pid = status.processes.find(({ name }) => name === 'node-2')?.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  try {
    await cluster.kubectl('create', 'service', 'clusterip', 'late', '--tcp=80:8080')
    await cluster.kubectl('patch', 'service', 'late', '--type=merge', '-p', '{"spec":{"selector":{"app":"right"}}}')
    await eventually('endpoints', async () => (await cluster.words('endpoints/late', '{.subsets[*].addresses[*].ip}')).length === 1)
    const findings = await findingsOf('late')
    expect(findings[0]).toMatchObject({ reason: 'ProxyBehind', cause: expect.stringContaining('node-2') })
    expect(findings.map(({ reason }) => reason)).toContain('DnsDisagrees')
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await eventually('node-2 to follow', async () => (await findingsOf('late')).length === 0)
})

test('an ingress that is held up is found out', async () => {
  // Whoever has no rule is answered by nobody then.
  await cluster.kubectl('delete', 'ingress', 'well-by-default')
  const curl = ['curl', '-s', '-H', 'Host: late.example.com', 'http://203.0.113.3/']
  await eventually('no default', async () => (await cluster.portolan('client', '--', ...curl)).stdout.includes('no Ingress has a rule'))
  const status = JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
  const pid = status.processes.find(({ name }) => name === 'edge')?.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  try {
    await cluster.kubectl('create', 'ingress', 'late', '--rule=late.example.com/*=right:80')
    const reasons = (await doctor('ingress/late')).diagnoses.flatMap(({ findings }) => findings).map(({ reason }) => reason)
    expect(reasons).toEqual(['IngressProxyBehind', 'IngressWithoutAddress'])
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await eventually('the edge to follow', async () => (await doctor('ingress/late')).code === 0)
})

test('a node that is off is named at once', async () => {
  await cluster.portolan('node', 'stop', 'node-2')
  const { code, diagnoses } = await doctor('service/right')
  expect(code).toBe(1)
  expect(diagnoses[0]?.findings).toMatchObject([{ reason: 'NodeNotReady', command: './portolan node start node-2' }])
})
