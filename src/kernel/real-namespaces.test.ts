import { readFile } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { namespacesContract } from './namespaces.contract.ts'
import { realNamespaces } from './real-namespaces.ts'
import { realProcesses } from './real-processes.ts'

const mine = `test-${process.pid}`
const namespaces = realNamespaces(realProcesses)

namespacesContract(() => realNamespaces(realProcesses), `${mine}-left`, `${mine}-right`)

const name = `${mine}-one`
afterEach(() => namespaces.delete(name))

test('is seen by iproute2, and entered by path', async () => {
  await namespaces.create(name)
  expect((await realProcesses.run(['ip', 'netns', 'list'])).stdout).toContain(name)
  const own = await readlinkIn(undefined)
  expect(await readlinkIn(namespaces.path(name))).not.toBe(own)
})

test('leaves nothing behind', async () => {
  await namespaces.create(name)
  expect(await readFile('/proc/self/mountinfo', 'utf8')).toContain(name)
  await namespaces.delete(name)
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(name)
  expect(await namespaces.list()).not.toContain(name)
})

test('two creates at the same moment make one namespace, which one delete removes', async () => {
  await Promise.all([namespaces.create(name), realNamespaces(realProcesses).create(name)])
  await namespaces.delete(name)
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(name)
})

test('sets sysctls inside the namespace only', async () => {
  const before = await readFile('/proc/sys/net/ipv4/conf/all/send_redirects', 'utf8')
  const other = before.trim() === '1' ? '0' : '1'
  await namespaces.create(name)
  const sysctls = [{ key: 'net.ipv4.conf.all.send_redirects', value: other }]
  await namespaces.apply(name, { sysctls, bridges: [], veths: [], addresses: [], routes: [] })
  const path = '/proc/sys/net/ipv4/conf/all/send_redirects'
  const { stdout } = await realProcesses.run(['cat', path], { netns: namespaces.path(name) })
  expect(stdout.trim()).toBe(other)
  expect(await readFile(path, 'utf8')).toBe(before)
})

test('a sysctl that the kernel does not have is an error unless it is optional', async () => {
  await namespaces.create(name)
  const network = { sysctls: [{ key: 'net.no.such', value: '1' }], bridges: [], veths: [], addresses: [], routes: [] }
  await expect(namespaces.apply(name, network)).rejects.toThrow('/proc/sys/net/no/such')
})

async function readlinkIn(netns: string | undefined): Promise<string> {
  const { stdout } = await realProcesses.run(['readlink', '/proc/self/ns/net'], netns === undefined ? {} : { netns })
  return stdout
}
