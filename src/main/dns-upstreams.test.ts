import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import { upstreamAddresses, upstreamsFor } from './dns-upstreams.ts'

let folder: string
let said: string[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-upstreams-'))
  said = []
})
afterEach(() => rm(folder, { recursive: true }))

const log = {
  ...silentLog,
  warn: (_: object, message: string) => void said.push(message),
  error: (_: object, message: string) => void said.push(message),
}
const addresses = (...upstreams: string[]) => upstreamAddresses(upstreams, { own: '10.96.0.10', forLocalhost: '169.254.77.1' }, log)

test('addresses are what they are, and of a resolv.conf its name servers', async () => {
  const file = join(folder, 'resolv.conf')
  await writeFile(file, 'search example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver nonsense\n')
  expect(await addresses('192.0.2.53:5353', file)).toEqual(['192.0.2.53:5353', '192.0.2.1', '2001:db8::1'])
  expect(said).toEqual([])
})

test('a server at 127.0.0.1 of a machine is asked elsewhere, and others on its loopback are not', async () => {
  const file = join(folder, 'resolv.conf')
  await writeFile(file, 'nameserver 127.0.0.53\nnameserver 127.0.0.1\nnameserver 192.0.2.1\n')
  expect(await addresses(file, '127.0.0.1:5353')).toEqual(['169.254.77.1', '192.0.2.1', '127.0.0.1:5353'])
  expect(said).toEqual(['this name server on the machine’s loopback is out of reach: left out'])
  expect(await upstreamAddresses([file], { own: '10.96.0.10' }, log)).toEqual(['127.0.0.53', '127.0.0.1', '192.0.2.1'])
})

test('a server does not ask itself', async () => {
  const file = join(folder, 'resolv.conf')
  await writeFile(file, 'nameserver 10.96.0.10\nnameserver 192.0.2.1\n')
  expect(await addresses(file)).toEqual(['192.0.2.1'])
  expect(said).toEqual(['this DNS server is its own upstream: left out'])
})

test('a file that is not there has none, and that is said', async () => {
  expect(await addresses(join(folder, 'nothing'), '192.0.2.1')).toEqual(['192.0.2.1'])
  expect(said).toEqual(['name servers for names outside of the cluster cannot be read: there are none'])
})

test('about a name those of its longest stub domain are asked, or else the others', async () => {
  const settings = {
    upstreams: ['192.0.2.1'],
    stubDomains: [{ domain: 'corp.example', upstreams: ['192.0.2.2'] }, { domain: 'eu.corp.example', upstreams: ['192.0.2.3:5353'] }],
  }
  const asked = (name: string) => upstreamsFor(name, settings, log)
  expect(await asked('db.corp.example')).toEqual(['192.0.2.2'])
  expect(await asked('DB.EU.corp.example.')).toEqual(['192.0.2.3:5353'])
  expect(await asked('corp.example')).toEqual(['192.0.2.2'])
  expect(await asked('notcorp.example')).toEqual(['192.0.2.1'])
})
