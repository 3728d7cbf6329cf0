import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { forbiddenRequest } from '../api/errors.ts'
import { IngressClasses } from '../api/kinds/ingress-class.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import { ingressCommand, type IngressSettings } from './ingress.ts'
import { testContext } from './test-context.ts'

let folder: string
let file: string
let client: MemoryClient
let isInstalled: boolean
let settings: IngressSettings | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-ingress-'))
  file = join(folder, 'config')
  const user = { name: 'u', user: { token: 't' } }
  const cluster = { name: 'c', cluster: { server: 'https://10.0.0.1:6443' } }
  const context = { name: 'a', context: { cluster: 'c', user: 'u' } }
  await writeFile(file, stringify({ 'current-context': 'a', contexts: [context], clusters: [cluster], users: [user] }))
  client = new MemoryClient()
  isInstalled = true
  settings = undefined
})
afterEach(() => rm(folder, { recursive: true }))

async function run(...words: readonly string[]): Promise<unknown> {
  const context = testContext({
    processes: new FakeProcesses(() => ({ exitCode: isInstalled ? 0 : 127 })),
    ingress: {
      connect: () => ({ client, close: async () => {} }),
      run: async (_: unknown, given: IngressSettings) => void (settings = given),
    },
  })
  try {
    await ingressCommand(context).parseAsync(words, { from: 'user' })
  } catch (error) {
    return error
  }
  return settings
}

const plain = { addresses: ['*'], ports: { http: 80, https: 443 }, publicAddresses: [], clusterDomain: 'cluster.local', accessLog: false }

test('all that has a preset', async () => {
  expect(await run('--kubeconfig', file)).toEqual(plain)
})

test('what is given', async () => {
  const pem = join(folder, 'default.pem')
  await writeFile(pem, 'PEM')
  const where = ['--address', '10.0.0.5, 10.0.0.6', '--http-port', '8080', '--https-port', '8443', '--default-certificate', pem]
  expect(await run('--kubeconfig', file, ...where, '--access-log', '--metrics', '127.0.0.1:8404')).toEqual({
    addresses: ['10.0.0.5', '10.0.0.6'],
    ports: { http: 8080, https: 8443 },
    publicAddresses: ['10.0.0.5', '10.0.0.6'],
    clusterDomain: 'cluster.local',
    accessLog: true,
    metrics: { address: '127.0.0.1', port: 8404 },
    defaultCertificate: 'PEM',
  })
  expect(await run('--kubeconfig', file, '--address', '10.0.0.5', '--publish-address', '203.0.113.9')).toMatchObject({
    publicAddresses: ['203.0.113.9'],
  })
})

test.for<[string[], string]>([
  [[], 'give --kubeconfig FILE, how to reach the API'],
  [['--address', 'here'], '--address "here" is not an IPv4 address'],
  [['--http-port', '70000'], '--http-port "70000" is not a port'],
  [['--metrics', '8404'], '--metrics "8404" is not an address and port such as 127.0.0.1:8404'],
  [['--default-certificate', '/nowhere'], "--default-certificate /nowhere cannot be read: ENOENT: no such file or directory, open '/nowhere'"],
])('%j is refused', async ([words, message]) => {
  expect(await run(...(words.length === 0 ? [] : ['--kubeconfig', file]), ...words)).toMatchObject({ name: 'UserError', message })
})

test('a machine without HAProxy, and an API that refuses, are told', async () => {
  isInstalled = false
  expect(await run('--kubeconfig', file)).toMatchObject({ message: 'needs the program haproxy: install the package haproxy' })
  isInstalled = true
  client.failNext('list', IngressClasses, forbiddenRequest(IngressClasses, '', 'no'))
  expect(await run('--kubeconfig', file)).toMatchObject({ message: expect.stringContaining('the API at https://10.0.0.1:6443 refuses') })
})
