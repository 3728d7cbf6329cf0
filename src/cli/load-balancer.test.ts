import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ownClasses } from '../api/kinds/load-balancer.ts'
import { formatRange } from '../base/ip.ts'
import { MemoryClient } from '../client/memory-client.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import { UserError } from './context.ts'
import { loadBalancerCommand, type LoadBalancerSettings } from './load-balancer.ts'
import { testContext } from './test-context.ts'

let folder: string
let file: string
let forwarding: 'on' | 'off'
let hasRules: boolean
let said: string[]
let settings: LoadBalancerSettings | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-load-balancer-'))
  file = join(folder, 'config')
  const named = { 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }] }
  await writeFile(file, stringify({ ...named, clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443' } }], users: [{ name: 'u', user: { token: 't' } }] }))
  forwarding = 'on'
  hasRules = true
  said = []
  settings = undefined
})
afterEach(() => rm(folder, { recursive: true }))

async function run(...words: readonly string[]): Promise<void> {
  const context = testContext({
    processes: new FakeProcesses(({ command }) => {
      if (!command.includes('netconf')) return { exitCode: 0 }
      if (command.at(-1) !== 'nodes') return { exitCode: 1, stderr: `Device "${command.at(-1)}" does not exist.` }
      return { exitCode: 0, stdout: `inet nodes forwarding ${forwarding} rp_filter off mc_forwarding off proxy_neigh off \n` }
    }),
    loadBalancer: {
      connect: () => ({ client: new MemoryClient(), close: async () => {} }),
      run: async (_, given) => void (settings = given),
      removeRules: async () => hasRules,
    },
    say: (line) => void said.push(line),
  })
  await loadBalancerCommand(context).parseAsync(words, { from: 'user' })
}

const needed = () => ['--kubeconfig', file, '--pool', '198.51.100.0/28', '--nodes-device', 'nodes']

test('serves Services without a class, or those that it is told', async () => {
  await run(...needed())
  expect(settings).toMatchObject({ nodesDevice: 'nodes', classes: ownClasses })
  expect(settings && formatRange(settings.pool)).toBe('198.51.100.0-198.51.100.15')
  await run(...needed(), '--class', 'example.com/a', '--class', 'example.com/b')
  expect(settings?.classes).toEqual(['example.com/a', 'example.com/b'])
})

test.for([
  { there: true, says: 'the rules are gone' },
  { there: false, says: 'there are no rules here' },
])('cleans up: $says', async ({ there, says }) => {
  hasRules = there
  await run('--cleanup')
  expect(said).toEqual([says])
})

test.for([
  { name: 'no kubeconfig', options: [], message: 'give --kubeconfig FILE, how to reach the API' },
  { name: 'no pool', options: ['--kubeconfig', 'FILE'], message: 'give --pool RANGE, the addresses for Services' },
  {
    name: 'a pool that is none',
    options: ['--kubeconfig', 'FILE', '--pool', '198.51.100.1'],
    message: '--pool 198.51.100.1 is not a range of IPv4 addresses such as 198.51.100.0/28 or 198.51.100.2-198.51.100.14',
  },
  { name: 'no device', options: ['--kubeconfig', 'FILE', '--pool', '198.51.100.0/28'], message: 'give --nodes-device NAME, the device that the nodes are behind' },
  {
    name: 'a device that is not there',
    options: ['--kubeconfig', 'FILE', '--pool', '198.51.100.0/28', '--nodes-device', 'eth9'],
    message: '--nodes-device eth9 is no device of this machine: see ip link',
  },
  { name: 'a cleanup that is to do more', options: ['--cleanup', '--class', 'a'], message: '--cleanup goes alone: give either it or what the load balancer is to do' },
])('refuses $name', async ({ options, message }) => {
  const words = options.map((word) => (word === 'FILE' ? file : word))
  await expect(run(...words)).rejects.toThrow(new UserError(message))
  expect(settings).toBeUndefined()
})

test('refuses a machine that is no router', async () => {
  forwarding = 'off'
  await expect(run(...needed())).rejects.toThrow(new UserError('this machine does not forward what comes by nodes: sysctl -w net.ipv4.ip_forward=1'))
})
