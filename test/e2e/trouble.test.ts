import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ClusterDescription } from '../../src/cli/status.ts'
import { testImage, writeTestArchive } from '../../src/node/images/test-archive.ts'
import { eventually, type Output, run, TestCluster } from '../test-cluster.ts'
import { type Marks, marksOf, tracesOf } from '../traces.ts'

/** The command line, and what may befall a cluster, on live ones. Steps of one `describe` build on one another. */

const root = resolve(import.meta.dirname, '../..')

let home: string
const clusters: TestCluster[] = []

beforeAll(async () => {
  home = await mkdtemp('/var/tmp/portolan-test-')
  // Refusals are then not accompanied by the progress of what is built once.
  await run(join(root, 'portolan'), ['image', 'build'], { ...process.env, PORTOLAN_HOME: home })
})

afterAll(async () => {
  for (const cluster of clusters) await cluster.tryPortolan('delete')
  await rm(home, { recursive: true, force: true })
})

async function newCluster(name: string): Promise<TestCluster> {
  const cluster = await TestCluster.named(`trouble-${name}`, home)
  cluster.environment['KUBECONFIG'] = join(home, `${name}.kubeconfig`)
  clusters.push(cluster)
  return cluster
}

/** Of a command that must fail: one line that says what is wrong, and nothing that looks like a crash. */
function sentenceOf({ code, stdout, stderr }: Output): string {
  const lines = stderr.trim().split('\n')
  expect({ code, stdout, lines }).toMatchObject({ code: 1, stdout: '', lines: [expect.any(String)] })
  return stderr.trim()
}

/** Starts an `up` that is not waited for. */
function beginUp({ name, apiPort, environment }: TestCluster, ...options: string[]) {
  const words = ['up', '--name', name, '--api-port', String(apiPort), '--no-egress', ...options]
  const child = spawn('./portolan', words, { cwd: root, env: environment })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = once(child, 'close').then(([code]): Output => ({ code: Number(code), ...output }))
  return { child, output, ended }
}


const isThere = (path: string) => access(path).then(() => true, () => false)
const isAlive = (pid: number) => isThere(`/proc/${pid}/exe`)

async function description(cluster: TestCluster): Promise<ClusterDescription> {
  return JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
}

const containerIds = async (cluster: TestCluster, ...args: string[]) =>
  (await cluster.words('pods', '{.items[*].status.containerStatuses[0].containerID}', ...args)).sort()

const allReady = (cluster: TestCluster, count: number) =>
  eventually(`${count} ready pods`, async () => {
    const states = await cluster.words('pods', '{.items[*].status.containerStatuses[0].ready}')
    return states.length === count && states.every((ready) => ready === 'true')
  })

async function answer(cluster: TestCluster): Promise<string> {
  const [address = ''] = await cluster.words('service/kubia', '{.spec.clusterIP}')
  return eventually('an answer', async () => {
    const curl = ['curl', '-s', '-m', '5', `http://${address}`]
    const { code, stdout } = await cluster.tryPortolan('node', 'exec', 'node-1', '--', ...curl)
    return code === 0 && stdout
  })
}

/** An address of the machine's own in a range that nodes could have, if it has one. */
const hostAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))?.address

describe('up that cannot be says why, and does nothing:', () => {
  let cluster: TestCluster
  let marks: Marks
  beforeAll(async () => {
    cluster = await newCluster('refused')
    marks = await marksOf(cluster)
  })

  async function refusalOf(...options: string[]): Promise<string> {
    const sentence = sentenceOf(await cluster.tryPortolan('up', '--no-egress', ...options))
    expect(await tracesOf(marks)).toEqual([])
    expect(await isThere(join(home, 'clusters', cluster.name))).toBe(false)
    return sentence
  }

  test('a port that is taken, and by whom', async () => {
    const taker = createServer()
    onTestFinished(() => void taker.close())
    await once(taker.listen(0, '127.0.0.1'), 'listening')
    const { port } = taker.address() as AddressInfo
    const advice = 'end that program or choose another port with --api-port'
    const sentence = new RegExp(`^portolan: 127.0.0.1:${port} is in use by .+ \\(process ${process.pid}\\): ${advice}$`)
    expect(await refusalOf('--api-port', String(port))).toMatch(sentence)
  })

  test.skipIf(hostAddress === undefined)('a range that the machine is in itself', async () => {
    const range = `${hostAddress?.replace(/\.\d+$/, '.0')}/24`
    const sentence = await refusalOf('--node-cidr', range)
    expect(sentence).toContain(`portolan: --node-cidr ${range} collides with the address ${hostAddress}/`)
    expect(sentence).toMatch(/ of this machine: choose a free range with --node-cidr$/)
  })

  for (const { options, says } of [
    { options: ['--pod-cidr', '10.1.2.3/16'], says: '--pod-cidr 10.1.2.3/16 is not an IPv4 range such as 10.108.0.0/16' },
    {
      options: ['--outside-cidr', '192.168.0.0/16'],
      says: '--node-cidr 192.168.99.0/24 overlaps --outside-cidr 192.168.0.0/16: choose ranges that have no address in common',
    },
    { options: ['--nodes', '0'], says: '--nodes 0 is out of range: these address ranges hold 1 to 244 nodes' },
  ]) {
    test(options.join(' '), async () => expect(await refusalOf(...options)).toBe(`portolan: ${says}`))
  }

  test('an option that there is not', async () => {
    expect(await refusalOf('--colour')).toBe("error: unknown option '--colour'")
  })

  test('a name that cannot be one', async () => {
    const output = await run(join(root, 'portolan'), ['up', '--name', '../etc'], cluster.environment)
    expect(sentenceOf(output)).toMatch(/^portolan: --name "\.\.\/etc" cannot be used: /)
  })

  test('a user who is not root', async () => {
    const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, 'dist/portolan.js']
    for (const command of [['up'], ['status'], ['client', 'true'], ['delete']]) {
      const sentence = sentenceOf(await run('setpriv', [...asNobody, ...command], cluster.environment))
      expect(sentence).toBe('portolan: needs root, for network namespaces and containers: run it with sudo')
    }
  })
})

describe('up that is interrupted leaves nothing:', () => {
  let cluster: TestCluster
  let marks: Marks
  beforeAll(async () => {
    cluster = await newCluster('stopped')
    marks = await marksOf(cluster)
  })

  const stateFile = (path: string) => join(home, 'clusters', cluster.name, path)
  const runFile = (path: string) => join('/run/portolan', cluster.name, path)
  for (const { when, come } of [
    { when: 'when its supervisor is started', come: () => isThere(stateFile('logs/supervisor.log')) },
    { when: 'when its supervisor answers', come: () => isThere(runFile('control.sock')) },
    { when: 'when its node is there', come: () => isThere(runFile('node-1')) },
  ]) {
    test(when, async () => {
      await cluster.portolan('delete')
      const { child, ended } = beginUp(cluster)
      await eventually(when, come)
      child.kill('SIGINT')
      const { code, stderr } = await ended
      expect({ code, said: stderr.trim().split('\n').at(-1) }).toEqual({
        code: 1,
        said: 'portolan: interrupted: the cluster was stopped before it was ready',
      })
      expect(await tracesOf(marks)).toEqual([])
      expect(await description(cluster)).toMatchObject({ phase: 'stopped', processes: [] })
    })
  }

  test('in the foreground, once it ran', async () => {
    const { child, output, ended } = beginUp(cluster, '--foreground')
    await eventually('readiness', async () => output.stdout.includes('is ready'))
    const running = await marksOf(cluster)
    expect(await tracesOf(running)).not.toEqual([])
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    expect(await tracesOf(running)).toEqual([])
  })

  test('and two at once start one cluster', async () => {
    const outputs = await Promise.all([cluster.up(), cluster.up()])
    const said = outputs.map(({ stdout }) => stdout.split('\n')[0]).sort()
    expect(said).toEqual([`cluster ${cluster.name} is ready`, `cluster ${cluster.name} runs already`])
    expect(await cluster.kubectl('get', 'nodes')).toMatch(/^node-1 +Ready /m)
  })

  test('one that was killed while it waited does not matter to the next', async () => {
    await cluster.portolan('delete')
    const { child, ended } = beginUp(cluster)
    await eventually('a supervisor', () => isThere(runFile('control.sock')))
    child.kill('SIGKILL')
    await ended
    expect((await cluster.up()).stdout).toContain('runs already')
    expect(await cluster.kubectl('get', 'nodes')).toMatch(/^node-1 +Ready /m)
    await cluster.portolan('delete')
    expect(await tracesOf(marks)).toEqual([])
  })
})

describe('a cluster', () => {
  let cluster: TestCluster
  let other: TestCluster
  beforeAll(async () => {
    cluster = await newCluster('live')
  })

  test('is described by up, in JSON', async () => {
    const { stdout } = await cluster.up('--json')
    const described = JSON.parse(stdout) as ClusterDescription
    const pid: unknown = expect.any(Number)
    expect(described).toEqual({
      name: cluster.name,
      phase: 'ready',
      api: `https://127.0.0.1:${cluster.apiPort}`,
      context: `portolan-${cluster.name}`,
      kubeconfig: cluster.environment['KUBECONFIG'],
      home: join(home, 'clusters', cluster.name),
      nodes: [{ name: 'node-1', address: '192.168.99.11' }],
      egress: { state: 'off' },
      published: [],
      supervisorPid: pid,
      processes: ['server', 'node-1', 'edge'].map((name) => ({ name, state: 'ready', restarts: 0, pid })),
      timeline: expect.arrayContaining([{ step: 'ready', atMs: expect.any(Number) }]),
    })
    expect(await description(cluster)).toEqual(described)
  })

  test('has the built-in images', async () => {
    const { stdout } = await cluster.portolan('image', 'list', '--json')
    const nodes = JSON.parse(stdout) as { node: string; images: { name: string }[] }[]
    const images = ['library/busybox:latest', 'luksa/kubia:latest', 'portolan/pause:1', 'tutum/dnsutils:latest']
    expect(nodes.map((each) => ({ ...each, images: each.images.map(({ name }) => name) }))).toEqual([
      { node: 'node-1', images: images.map((name) => `docker.io/${name}`) },
    ])
  })

  test('takes images from an archive, and nothing else for one', async () => {
    const archive = join(home, 'images.tar')
    const load = () => cluster.tryPortolan('image', 'load', archive)
    await writeFile(archive, 'These are not the images that you are looking for.\n')
    const refused = sentenceOf(await load())
    expect(refused).toContain(`portolan: ${archive}: not an OCI or docker image archive, as made by "docker save"`)
    await writeTestArchive(archive)
    const { code, stderr } = await load()
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`node-1: ${testImage}\n`) })
    await cluster.kubectl('run', 'sleeper', '--image=sleeper', '--image-pull-policy=IfNotPresent')
    await allReady(cluster, 1)
    await cluster.kubectl('delete', 'pod', 'sleeper', '--now')
  })

  describe('runs commands', () => {
    const inside = [['client'], ['node', 'exec', 'node-1']]

    test.each(inside)('with their output and exit code: %s', async (...words) => {
      const shell = (script: string) => cluster.tryPortolan(...words, '--', 'sh', '-c', script)
      expect(await shell('echo out; echo err >&2; exit 7')).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' })
      expect((await shell('kill -9 $$')).code).toBe(128 + 9)
    })

    test('with their input', async () => {
      const pipe = `echo in | ./portolan client --name ${cluster.name} -- cat`
      expect(await run('bash', ['-c', pipe], cluster.environment)).toEqual({ code: 0, stdout: 'in\n', stderr: '' })
    })

    test('as a client that nodes answer', async () => {
      const kubelet = 'https://192.168.99.11:10250/pods'
      // 56: the node has hung up on a client without a certificate, as opposed to 7, refused, and 28, timed out.
      expect((await cluster.tryPortolan('client', '--', 'curl', '-sk', '-m', '5', kubelet)).code).toBe(56)
    })

    test('not on a node that there is not', async () => {
      const refused = await cluster.tryPortolan('node', 'exec', 'nowhere', '--', 'true')
      expect(sentenceOf(refused)).toBe('portolan: there is no node "nowhere": choose one of node-1')
    })

    test('not when there is no such program', async () => {
      const { code, stderr } = await cluster.tryPortolan('client', '--', '/no/such/program')
      expect({ code, stderr }).toEqual({ code: 127, stderr: expect.stringContaining('/no/such/program') })
    })
  })

  test('has another one beside it', async () => {
    other = await newCluster('other')
    const files = ['-f', 'examples/kubia-rc.yaml', '-f', 'examples/kubia-svc.yaml']
    await Promise.all([other.up(), cluster.kubectl('create', ...files)])
    await other.kubectl('label', 'node', 'node-1', 'which=other')
    expect(await other.kubectl('get', 'nodes,pods', '-o', 'name')).toBe('node/node-1\n')
    expect(await cluster.kubectl('get', 'nodes', '-l', 'which=other', '-o', 'name')).toBe('')
    await allReady(cluster, 3)
    expect(await answer(cluster)).toMatch(/^You've hit kubia-/)
  })

  test('refuses a second supervisor, and goes on', async () => {
    const second = await run(process.execPath, ['dist/supervisor.js', home, cluster.name], cluster.environment)
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('another supervisor answers') })
    expect(await description(cluster)).toMatchObject({ phase: 'ready' })
    expect(await answer(cluster)).toMatch(/^You've hit kubia-/)
  })

  test('keeps its pods when containerd is killed, and gets new ones afterwards', async () => {
    const before = await containerIds(cluster)
    const config = `/run/portolan/${cluster.name}/node-1/containerd/containerd.toml`
    const pidOf = async () => {
      const { stdout } = await run('ps', ['-eo', 'pid,args'])
      const line = stdout.split('\n').find((text) => text.includes(`containerd --config ${config}`))
      return line === undefined ? undefined : Number(line.trim().split(' ')[0])
    }
    const pid = await pidOf()
    process.kill(pid ?? 0, 'SIGKILL')
    await eventually('another containerd', async () => ![pid, undefined].includes(await pidOf()))
    await cluster.kubectl('scale', 'rc', 'kubia', '--replicas=4')
    await allReady(cluster, 4)
    expect(new Set(await containerIds(cluster)).isSupersetOf(new Set(before))).toBe(true)
    expect(await answer(cluster)).toMatch(/^You've hit kubia-/)
  })

  test('is taken over as it is when its supervisor was killed', async () => {
    const before = await containerIds(cluster)
    const pods = await podProcesses(cluster)
    await killSupervisor(cluster)
    expect(await podProcesses(cluster)).toEqual(pods)
    expect((await cluster.up()).stdout).toContain('is ready')
    await allReady(cluster, 4)
    expect(await containerIds(cluster)).toEqual(before)
    expect(await podProcesses(cluster)).toEqual(pods)
    expect(await answer(cluster)).toMatch(/^You've hit kubia-/)
  })

  test('leaves nothing when it goes down, and what is down goes down again', async () => {
    const marks = await marksOf(cluster)
    await cluster.portolan('down')
    expect(await tracesOf(marks)).toEqual([])
    await cluster.portolan('down')
    expect(await tracesOf(marks)).toEqual([])
    expect(await description(cluster)).toMatchObject({ phase: 'stopped', supervisorPid: 0, processes: [] })
    expect((await cluster.portolan('status')).stdout).toBe(`cluster ${cluster.name}: stopped\n  egress: off\n`)
    expect(await other.kubectl('get', 'nodes')).toMatch(/^node-1 +Ready /m)
  })

  test('leaves nothing when it goes down without its supervisor', async () => {
    await cluster.up()
    await allReady(cluster, 4)
    const marks = await marksOf(cluster)
    await killSupervisor(cluster)
    await cluster.portolan('down')
    expect(await tracesOf(marks)).toEqual([])
    expect(await other.kubectl('get', 'nodes')).toMatch(/^node-1 +Ready /m)
  })

  test('is wiped, and wiped again', async () => {
    await cluster.portolan('delete')
    expect(await isThere(join(home, 'clusters', cluster.name))).toBe(false)
    expect(await readFile(cluster.environment['KUBECONFIG'] ?? '', 'utf8')).not.toContain(cluster.name)
    await cluster.portolan('delete')
    expect(sentenceOf(await cluster.tryPortolan('status'))).toMatch(/^portolan: there is no cluster /)
  })
})

/** Processes of pods, with the moments that they were started at. */
async function podProcesses(cluster: TestCluster): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid,lstart,cgroup:200'])
  const pods = `/portolan/${cluster.name}/node-1/pods/`
  const lines = stdout.split('\n').filter((line) => line.includes(pods))
  return lines.map((line) => line.trim().split(/\s+/).slice(0, 6).join(' '))
}

/** Kills the supervisor, and waits until the processes that it has left alone have ended by themselves. */
async function killSupervisor(cluster: TestCluster): Promise<void> {
  const { supervisorPid, processes } = await description(cluster)
  process.kill(supervisorPid, 'SIGKILL')
  await eventually('the end of what it supervised', async () => {
    const alive = await Promise.all(processes.map(({ pid = 0 }) => isAlive(pid)))
    return !alive.includes(true)
  })
}
