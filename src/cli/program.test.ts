import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CommanderError } from 'commander'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { defaults, writeConfig } from '../cluster/config.ts'
import { layoutOf } from '../cluster/layout.ts'
import { FakeNamespaces } from '../kernel/fake-namespaces.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import type { HeldAddress } from '../kernel/namespaces.ts'
import { type CliContext, UserError } from './context.ts'
import { program } from './program.ts'
import { testContext } from './test-context.ts'

/** The host's own addresses are what a test says. */
class HostNamespaces extends FakeNamespaces {
  host: readonly HeldAddress[] = []

  override async addresses(name?: string): Promise<readonly HeldAddress[]> {
    return name === undefined ? this.host : super.addresses(name)
  }

  override async routes(name?: string) {
    return name === undefined ? [] : super.routes(name)
  }
}

const cluster = `unit-${process.pid}`
let home: string
let namespaces: HostNamespaces
/** What was done to the machine. */
let deeds: string[]
let printed: unknown[]
let context: CliContext

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'portolan-cli-'))
  namespaces = new HostNamespaces()
  deeds = []
  printed = []
  context = testContext({
    environment: { ...process.env, PORTOLAN_HOME: home, KUBECONFIG: join(home, 'kubeconfig') },
    namespaces,
    program: (name) => {
      deeds.push(`start ${name}`)
      return [process.execPath, '-e', 'process.exitCode = 1']
    },
    images: { build: async () => void deeds.push('build images'), load: async () => [], list: async () => [] },
    print: (result) => void printed.push(result),
  })
})
afterEach(() => rm(home, { recursive: true }))

/** What the user reads of a command that fails. */
async function refusal(...words: readonly string[]): Promise<string> {
  const root = program(context, '0.0.0')
  const complaints: string[] = []
  for (const command of [root, ...root.commands, ...root.commands.flatMap(({ commands }) => commands)]) {
    command.exitOverride().configureOutput({ writeErr: (text) => void complaints.push(text) })
  }
  try {
    await root.parseAsync(['node', 'portolan', ...words])
  } catch (error) {
    if (error instanceof UserError) return error.message
    if ((error as CommanderError).code?.startsWith('commander.')) return complaints.join('').trim()
    throw error
  }
  throw new Error('was not refused')
}

const run = (...words: readonly string[]) => program(context, '0.0.0').parseAsync(['node', 'portolan', ...words])
const up = (...options: readonly string[]) => refusal('up', '--name', cluster, ...options)
const layout = () => layoutOf(home, cluster)
const existing = () => writeConfig(layout().configFile, { ...defaults, name: cluster, home, apiPort: 1 })

describe('up refuses, before anything is done,', () => {
  const invalid = "error: option '--nodes <n>' argument"
  const apart = 'choose ranges that have no address in common'

  for (const { options, message } of [
    { options: ['--nodes', '0'], message: '--nodes 0 is out of range: these address ranges hold 1 to 244 nodes' },
    { options: ['--nodes', '245'], message: '--nodes 245 is out of range: these address ranges hold 1 to 244 nodes' },
    { options: ['--nodes', 'two'], message: `${invalid} 'two' is invalid. Give a whole number.` },
    { options: ['--nodes', '-1'], message: `${invalid} '-1' is invalid. Give a whole number.` },
    { options: ['--api-port', '0'], message: '--api-port 0 is out of range: give a port from 1 to 65535' },
    { options: ['--api-port', '65536'], message: '--api-port 65536 is out of range: give a port from 1 to 65535' },
    { options: ['--pod-cidr', 'many'], message: '--pod-cidr many is not an IPv4 range such as 10.108.0.0/16' },
    {
      options: ['--service-cidr', '10.96.0.0/8'],
      message: '--service-cidr 10.96.0.0/8 is not an IPv4 range such as 10.96.0.0/13',
    },
    {
      options: ['--node-cidr', '192.168.99.0/30'],
      message: '--node-cidr 192.168.99.0/30 has a wrong size: give a range from /8 to /27',
    },
    {
      options: ['--pod-cidr', '172.20.0.0/16', '--outside-cidr', '172.20.9.0/24'],
      message: `--pod-cidr 172.20.0.0/16 overlaps --outside-cidr 172.20.9.0/24: ${apart}`,
    },
    {
      options: ['--cluster-domain', 'cluster_local'],
      message: '--cluster-domain cluster_local is no domain: give labels of letters, digits and hyphens, such as cluster.local, at most 57 characters',
    },
    {
      options: ['--dns-upstream', '192.0.2.53', '--dns-upstream', 'dns.example'],
      message: '--dns-upstream dns.example is no name server: give an IP address, with :PORT if it is not 53, or the path of a resolv.conf',
    },
    {
      options: ['--stub-domain', 'corp.example'],
      message: '--stub-domain corp.example is none: give DOMAIN=ADDRESS, such as corp.example=192.0.2.53 or corp.example=192.0.2.53:5353,192.0.2.54',
    },
    {
      options: ['--stub-domain', 'corp.example=192.0.2.53', '--stub-domain', 'x.Cluster.local=192.0.2.53'],
      message: "--stub-domain x.cluster.local is in the cluster's own domain cluster.local: nobody else is asked about names there",
    },
    {
      options: ['--dns-pods', 'all'],
      message: "error: option '--dns-pods <mode>' argument 'all' is invalid. Allowed choices are verified, insecure, disabled.",
    },
    {
      options: ['--dns-ttl', '3601'],
      message: "error: option '--dns-ttl <seconds>' argument '3601' is invalid. Give a number of seconds from 0 to 3600.",
    },
    { options: ['--colour'], message: "error: unknown option '--colour'" },
    { options: ['now'], message: "error: too many arguments for 'up'. Expected 0 arguments but got 1." },
  ]) {
    test(options.join(' '), async () => {
      expect(await up(...options)).toBe(message)
      expect(deeds).toEqual([])
      expect(await readdir(home)).toEqual([])
    })
  }

  for (const name of ['Big', 'a_b', '-a', 'a-', '../a', '', 'a'.repeat(23)]) {
    test(`--name ${JSON.stringify(name)}`, async () => {
      const advice = 'give at most 22 lower-case letters, digits and inner hyphens'
      expect(await refusal('up', `--name=${name}`)).toBe(`--name ${JSON.stringify(name)} cannot be used: ${advice}`)
      expect(deeds).toEqual([])
    })
  }

  test('a kubeconfig that it could not write to', async () => {
    const file = join(home, 'kubeconfig')
    await writeFile(file, '[]\n')
    expect(await up()).toBe(`${file} is not a kubeconfig (it holds no fields): correct it or set KUBECONFIG`)
    expect(deeds).toEqual([])
  })

  test('other ranges for a cluster that has objects', async () => {
    await existing()
    const wipe = `cluster ${cluster} has objects with addresses of its old ranges: wipe it with ./portolan delete first`
    expect(await up('--pod-cidr', '172.20.0.0/16')).toBe(wipe)
    expect(deeds).toEqual([])
  })

  test('another domain for a cluster that has pods', async () => {
    await existing()
    const wipe = `cluster ${cluster} has pods and certificates with names of its domain cluster.local: wipe it with ./portolan delete first`
    expect(await up('--cluster-domain', 'corp.example')).toBe(wipe)
    expect(deeds).toEqual([])
  })
})

describe('up refuses, before anything is started,', () => {
  test('a range that holds an address of the machine', async () => {
    namespaces.host = [{ device: 'eth7', address: '192.168.99.7/24' }]
    const what = '--node-cidr 192.168.99.0/24 collides with the address 192.168.99.7/24 on eth7 of this machine'
    expect(await up()).toBe(`${what}: choose a free range with --node-cidr`)
    expect(deeds).toEqual(['build images'])
    expect(await readdir(home)).toEqual([])
  })

  test('a port that is taken', async () => {
    const taker = createServer()
    onTestFinished(() => void taker.close())
    await once(taker.listen(0, '127.0.0.1'), 'listening')
    const { port } = taker.address() as AddressInfo
    const holder = `127.0.0.1:${port} is in use by .+ \\(process ${process.pid}\\)`
    const sentence = new RegExp(`^${holder}: end that program or choose another port with --api-port$`)
    expect(await up('--api-port', String(port))).toMatch(sentence)
    expect(deeds).toEqual(['build images'])
    expect(await readdir(home)).toEqual([])
  })
})

test('the ranges that a cluster has already may be said again', async () => {
  await existing()
  expect(await up('--pod-cidr', '10.108.0.0/16', '--api-port', '1')).toContain('the cluster could not be started')
})

test('a supervisor that ends at once is said, with where to read more', async () => {
  await existing()
  const log = join(layout().logs, 'supervisor.log')
  expect(await up()).toBe(`the cluster could not be started: the supervisor ended without a word (log: ${log})`)
  expect(deeds).toEqual(['build images', 'start supervisor'])
})

describe('a cluster that', () => {
  const commands = [
    ['status', '--name', cluster],
    ['down', '--name', cluster],
    ['client', '--name', cluster, '--', 'true'],
    ['node', 'exec', '--name', cluster, 'node-1', '--', 'true'],
    ['image', 'list', '--name', cluster],
    ['image', 'load', '--name', cluster, 'file.tar'],
  ]

  for (const command of commands) {
    test(`does not exist has no ${command.slice(0, 2).join(' ')}`, async () => {
      const sentence = `there is no cluster "${cluster}": start one with ./portolan up --name ${cluster}`
      expect(await refusal(...command)).toBe(sentence)
    })

    test(`has a broken configuration has no ${command.slice(0, 2).join(' ')}`, async () => {
      await mkdir(dirname(layout().configFile), { recursive: true })
      await writeFile(layout().configFile, '{')
      expect(await refusal(...command)).toMatch(/restore it, or wipe the cluster with \.\/portolan delete$/)
    })
  }

  for (const command of commands.slice(2)) {
    test(`does not run has no ${command.slice(0, 2).join(' ')}`, async () => {
      await existing()
      expect(await refusal(...command)).toBe('the cluster does not run: start it with ./portolan up')
    })
  }

  for (const words of [['create'], ['list'], ['delete', 'abcdef']]) {
    test(`does not run has no node token ${words.join(' ')}`, async () => {
      await existing()
      expect(await refusal('node', 'token', ...words, '--name', cluster)).toBe(`cluster ${cluster} does not run: start it with ./portolan up --name ${cluster}`)
    })
  }

  test('does not run is stopped', async () => {
    await existing()
    await run('status', '--name', cluster)
    expect(printed).toEqual([
      {
        name: cluster,
        phase: 'stopped',
        api: 'https://127.0.0.1:1',
        context: `portolan-${cluster}`,
        kubeconfig: join(home, 'kubeconfig'),
        home: layout().state,
        nodes: [{ name: 'node-1', address: '192.168.99.11' }],
        egress: { state: 'stopped' },
        published: [],
        supervisorPid: 0,
        processes: [],
        timeline: [],
      },
    ])
  })

  test('has a broken configuration can be deleted', async () => {
    await mkdir(dirname(layout().configFile), { recursive: true })
    await writeFile(layout().configFile, '{')
    await run('delete', '--name', cluster)
    expect(await readdir(join(home, 'clusters'))).toEqual([])
  })

  test('is gone can be deleted again', async () => {
    await run('delete', '--name', cluster)
    await run('delete', '--name', cluster)
    expect(await readdir(home)).toEqual([])
  })
})

test('a node that the cluster does not have is named, with those that it has', async () => {
  await existing()
  expect(await refusal('node', 'exec', '--name', cluster, 'nowhere', '--', 'true')).toBe(
    'there is no node "nowhere": choose one of node-1',
  )
})

test('a tour that cannot be given says so before it does anything', async () => {
  expect(await refusal('tour', '--yes', '--section', '6')).toBe('there is no section "6": choose one of 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7')
  expect(await refusal('tour', '--yes', '--name', cluster)).toContain(`there is no cluster "${cluster}"`)
  context = { ...context, processes: new FakeProcesses(() => ({ exitCode: 127 })) }
  expect(await refusal('tour', '--yes')).toBe('needs the program kubectl: install the package kubernetes-client')
})
