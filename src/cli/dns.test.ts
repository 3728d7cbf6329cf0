import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { forbiddenRequest, unauthorized } from '../api/errors.ts'
import { Pods } from '../api/kinds/pod.ts'
import { ConnectionError } from '../client/client.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { type CliContext, UserError } from './context.ts'
import { dnsCommand, type DnsRunSettings } from './dns.ts'
import { testContext } from './test-context.ts'

const server = 'https://10.0.0.1:6443'

let folder: string
let file: string
let client: MemoryClient
/** What was asked of the runner, in order. */
let deeds: string[]
let settings: DnsRunSettings | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-dns-'))
  file = join(folder, 'config')
  await writeFile(
    file,
    stringify({
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'c', user: 'a' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'a', user: { token: 'token' } }],
    }),
  )
  client = new MemoryClient()
  deeds = []
  settings = undefined
})
afterEach(() => rm(folder, { recursive: true }))

function context(): CliContext {
  return testContext({
    dns: {
      connect(access) {
        deeds.push(`connect ${access.server}`)
        return { client, close: async () => void deeds.push('close') }
      },
      run: async (_, given) => {
        settings = given
        deeds.push('run')
      },
    },
  })
}

const run = (...words: readonly string[]) => dnsCommand(context()).parseAsync(words, { from: 'user' })

/** What the user reads of a command that fails. */
async function refusal(words: readonly string[]): Promise<string> {
  try {
    await run(...words)
  } catch (error) {
    if (error instanceof UserError) return error.message.replace(file, 'FILE')
    throw error
  }
  throw new Error('was not refused')
}

test('runs with what is customary', async () => {
  await run('--kubeconfig', file)
  expect(deeds).toEqual([`connect ${server}`, 'run', 'close'])
  expect(settings).toEqual({
    listen: { address: '127.0.0.1', port: 53 },
    clusterDomain: 'cluster.local',
    upstreams: ['/etc/resolv.conf'],
    stubDomains: [],
    ttlSeconds: 5,
    podRecords: 'verified',
    logQueries: false,
  })
})

test('runs with what it is told', async () => {
  const where = ['--listen', '[fd00::53]:5353', '--metrics', '127.0.0.1', '--allow', '10.244.0.0/16', '--allow', 'fd00::/64']
  const names = ['--cluster-domain', 'Corp.Example.', '--dns-ttl', '30', '--dns-pods', 'insecure', '--dns-log']
  const others = ['--dns-upstream', '192.0.2.53', '--dns-upstream', '192.0.2.54:5353', '--stub-domain', 'Other.example=192.0.2.1,192.0.2.2:54']
  await run('--kubeconfig', file, ...where, ...names, ...others)
  expect(settings).toEqual({
    listen: { address: 'fd00::53', port: 5353 },
    status: { address: '127.0.0.1', port: 9153 },
    clients: ['10.244.0.0/16', 'fd00::/64'],
    clusterDomain: 'corp.example',
    upstreams: ['192.0.2.53', '192.0.2.54:5353'],
    stubDomains: [{ domain: 'other.example', upstreams: ['192.0.2.1', '192.0.2.2:54'] }],
    ttlSeconds: 30,
    podRecords: 'insecure',
    logQueries: true,
  })
})

test('runs without upstreams', async () => {
  await run('--kubeconfig', file, '--no-dns-upstream')
  expect(settings?.upstreams).toEqual([])
})

for (const { options, message } of [
  { options: [], message: 'give --kubeconfig FILE, how to reach the API' },
  { options: ['--kubeconfig', 'FILE', '--listen', 'dns.example'], message: '--listen dns.example is no address: give an IP address with or without a port, such as 127.0.0.1:53' },
  { options: ['--kubeconfig', 'FILE', '--metrics', '9153'], message: '--metrics 9153 is no address: give an IP address with or without a port, such as 127.0.0.1:9153' },
  { options: ['--kubeconfig', 'FILE', '--allow', '10.244.0.0'], message: '--allow 10.244.0.0 is not a range of addresses such as 10.244.0.0/16' },
  { options: ['--kubeconfig', 'FILE', '--allow', '10.244.0.0/33'], message: '--allow 10.244.0.0/33 is not a range of addresses such as 10.244.0.0/16' },
]) {
  test(`refuses, before it asks anyone, ${options.slice(-2).join(' ')}`, async () => {
    expect(await refusal(options.map((word) => (word === 'FILE' ? file : word)))).toBe(message)
    expect(deeds).toEqual([])
  })
}

for (const { name, error, says } of [
  {
    name: 'cannot be reached',
    error: new ConnectionError(`${server}: connect ECONNREFUSED 10.0.0.1:6443`),
    says: `the API cannot be reached: ${server}: connect ECONNREFUSED 10.0.0.1:6443`,
  },
  { name: 'does not know us', error: unauthorized(), says: `the API at ${server} does not accept the credentials in FILE` },
  {
    name: 'does not let us see the pods',
    error: forbiddenRequest(Pods, '', 'no'),
    says: `the API at ${server} refuses: pods is forbidden: no`,
  },
]) {
  test(`says that the API ${name}, and lets go of it`, async () => {
    client.list = () => Promise.reject(error)
    expect(await refusal(['--kubeconfig', file])).toBe(says)
    expect(deeds).toEqual([`connect ${server}`, 'close'])
  })
}

test('docs/dns.md has every option, and no other', async () => {
  const text = await readFile(new URL('../../docs/dns.md', import.meta.url), 'utf8')
  const documented = new Set(text.match(/(?<=`)--[a-z-]+/g))
  const flags = dnsCommand(context()).options.map(({ long }) => long)
  expect([...documented].sort()).toEqual([...new Set(flags)].sort())
})
