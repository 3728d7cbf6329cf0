import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { forbiddenRequest, pathNotFound, unauthorized } from '../api/errors.ts'
import { Nodes } from '../api/kinds/node.ts'
import { ServiceCIDRs } from '../api/kinds/service-cidr.ts'
import { formatCidr } from '../base/ip.ts'
import { ConnectionError } from '../client/client.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import { type CliContext, UserError } from './context.ts'
import { proxyCommand, type ProxySettings } from './proxy.ts'
import { testContext } from './test-context.ts'

const server = 'https://10.0.0.1:6443'

let folder: string
let file: string
let client: MemoryClient
let missingPrograms: string[]
let hasRules: boolean
/** What was asked of the runner, in order. */
let deeds: string[]
let accesses: ClusterAccess[]
let settings: ProxySettings | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-proxy-'))
  file = join(folder, 'config')
  await writeFile(
    file,
    stringify({
      'current-context': 'a',
      contexts: ['a', 'b'].map((name) => ({ name, context: { cluster: 'c', user: name } })),
      clusters: [{ name: 'c', cluster: { server } }],
      users: ['a', 'b'].map((name) => ({ name, user: { token: `token-${name}` } })),
    }),
  )
  client = new MemoryClient()
  client.seed(Nodes, { metadata: { name: 'node-1' }, spec: {} })
  missingPrograms = []
  hasRules = true
  deeds = []
  accesses = []
  settings = undefined
})
afterEach(() => rm(folder, { recursive: true }))

function context(): CliContext {
  return testContext({
    processes: new FakeProcesses(({ command: [name = ''] }) => ({ exitCode: missingPrograms.includes(name) ? 127 : 0 })),
    proxy: {
      connect(access) {
        accesses.push(access)
        return { client, close: async () => void deeds.push('close') }
      },
      run: async (_, given) => {
        settings = given
        deeds.push('run')
      },
      removeRules: async () => {
        deeds.push('remove rules')
        return hasRules
      },
    },
    dns: { connect: () => expect.unreachable('DNS was run'), run: () => expect.unreachable('DNS was run') },
    say: (line) => void deeds.push(line),
  })
}

const run = (...words: readonly string[]) => proxyCommand(context()).parseAsync(words, { from: 'user' })
const runHere = (...words: readonly string[]) => run('--kubeconfig', file, '--node', 'node-1', ...words)

/** What the user reads of a command that fails. */
async function refusal(words: readonly string[]): Promise<string> {
  try {
    await run(...words)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  throw new Error('was not refused')
}

for (const { name, options, declared = [], services, pods } of [
  {
    name: 'the ranges given',
    options: ['--service-cidr', '10.96.0.0/12', '--cluster-cidr', '10.244.0.0/16'],
    services: ['10.96.0.0/12'],
    pods: '10.244.0.0/16',
  },
  {
    name: 'the ranges of the API, those of IPv4, each once',
    options: [],
    declared: [['10.43.0.0/16', 'fd00::/108'], ['10.7.0.0/24'], ['10.43.0.0/16', 'x']],
    services: ['10.43.0.0/16', '10.7.0.0/24'],
  },
  {
    name: 'the range given, rather than that of the API',
    options: ['--service-cidr', '10.96.0.0/12'],
    declared: [['10.43.0.0/16']],
    services: ['10.96.0.0/12'],
  },
] satisfies { name: string; options: string[]; declared?: string[][]; services: string[]; pods?: string }[]) {
  test(`runs with ${name}`, async () => {
    for (const [at, ranges] of declared.entries()) {
      client.seed(ServiceCIDRs, { metadata: { name: `range-${at}` }, spec: { cidrs: ranges } })
    }
    await runHere(...options)
    expect(deeds).toEqual(['run', 'close'])
    expect(settings?.node).toBe('node-1')
    expect(settings?.services.map(formatCidr)).toEqual(services)
    expect(settings?.pods && formatCidr(settings.pods)).toBe(pods)
  })
}

test('takes the context that it is told', async () => {
  await runHere('--service-cidr', '10.96.0.0/12')
  await runHere('--service-cidr', '10.96.0.0/12', '--context', 'b')
  expect(accesses).toEqual([{ server, token: 'token-a' }, { server, token: 'token-b' }])
})

for (const { name, there, says } of [
  { name: 'takes its rules away', there: true, says: 'the rules are gone' },
  { name: 'says that there is nothing to take away', there: false, says: 'there are no rules here' },
]) {
  test(name, async () => {
    hasRules = there
    await run('--cleanup')
    expect(deeds).toEqual(['remove rules', says])
  })
}

const needs = (...options: readonly string[]) => ['--kubeconfig', 'FILE', '--node', 'node-1', ...options]

for (const { name, options, message } of [
  { name: 'no kubeconfig', options: ['--node', 'node-1'], message: 'give --kubeconfig FILE, how to reach the API' },
  { name: 'no node', options: ['--kubeconfig', 'FILE'], message: 'give --node NAME, the Node that this machine is' },
  {
    name: 'no service range',
    options: needs('--service-cidr', '10.96.0.0'),
    message: '--service-cidr 10.96.0.0 is not an IPv4 range such as 10.96.0.0/12',
  },
  {
    name: 'no pod range',
    options: needs('--cluster-cidr', 'fd00::/64'),
    message: '--cluster-cidr fd00::/64 is not an IPv4 range such as 10.244.0.0/16',
  },
  { name: 'no such context', options: needs('--context', 'c'), message: 'FILE: contexts: has no entry named "c"' },
  {
    name: 'no such file',
    options: ['--kubeconfig', '/nowhere', '--node', 'node-1'],
    message: "/nowhere: ENOENT: no such file or directory, open '/nowhere'",
  },
  {
    name: 'a cleanup that is to do more',
    options: ['--cleanup', '--node', 'node-1'],
    message: '--cleanup goes alone: give either it or what the proxy is to do',
  },
]) {
  test(`refuses, before it asks anyone, ${name}`, async () => {
    const said = await refusal(options.map((word) => (word === 'FILE' ? file : word)))
    expect(said.replace(file, 'FILE')).toBe(message.replace(`${file}:`, 'FILE:'))
    expect(accesses).toEqual([])
    expect(deeds).toEqual([])
  })
}

for (const { program, options, says } of [
  { program: 'nft', options: ['--cleanup'], says: 'needs the program nft: install the package nftables' },
  { program: 'conntrack', options: [], says: 'needs the program conntrack: install the package conntrack' },
]) {
  test(`says that ${program} is missing`, async () => {
    missingPrograms = [program]
    expect(await refusal(options)).toBe(says)
  })
}

for (const { name, get, list, says } of [
  {
    name: 'cannot be reached',
    get: new ConnectionError(`${server}: connect ECONNREFUSED 10.0.0.1:6443`),
    says: `the API cannot be reached: ${server}: connect ECONNREFUSED 10.0.0.1:6443`,
  },
  { name: 'does not know us', get: unauthorized(), says: `the API at ${server} does not accept the credentials in FILE` },
  {
    name: 'does not let us see the node',
    get: forbiddenRequest(Nodes, 'node-1', 'no'),
    says: `the API at ${server} refuses: nodes "node-1" is forbidden: no`,
  },
  {
    name: 'has no ranges',
    list: pathNotFound(),
    says: 'the API does not tell the range of its cluster IPs: give it with --service-cidr',
  },
  {
    name: 'has empty ranges',
    says: 'the API does not tell the range of its cluster IPs: give it with --service-cidr',
  },
]) {
  test(`says that the API ${name}, and lets go of it`, async () => {
    if (get !== undefined) client.get = () => Promise.reject(get)
    if (list !== undefined) client.list = () => Promise.reject(list)
    expect((await refusal(['--kubeconfig', file, '--node', 'node-1'])).replace(file, 'FILE')).toBe(says)
    expect(deeds).toEqual(['close'])
  })
}

test('says that there is no such node', async () => {
  expect(await refusal(['--kubeconfig', file, '--node', 'node-2'])).toBe(
    'the API has no Node "node-2": give the name of this machine\'s with --node',
  )
})
