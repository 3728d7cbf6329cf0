import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { throwawayPki } from '../base/throwaway-pki.ts'
import { ensurePki, pairStore, readIdentity } from './pki.ts'

const server = { file: 'server', commonName: 'kube-apiserver', organizations: [], addresses: ['127.0.0.1'], dnsNames: ['kubernetes'] }
const admin = { file: 'admin', commonName: 'admin', organizations: ['system:masters', 'ops'], addresses: [], dnsNames: [] }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-pki-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a client is known by the certificate that the authority gave it', async () => {
  await ensurePki(folder, [server, admin])
  const listener = tls.createServer({ ...(await readIdentity(folder, 'server')), requestCert: true })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  try {
    const accepted = once(listener, 'secureConnection')
    const { port } = listener.address() as AddressInfo
    const client = tls.connect({ port, host: '127.0.0.1', ...(await readIdentity(folder, 'admin')) })
    const [[socket]] = (await Promise.all([accepted, once(client, 'secureConnect')])) as [[tls.TLSSocket], unknown]
    expect(client.authorized).toBe(true)
    expect(socket.authorized).toBe(true)
    expect(socket.getPeerCertificate().subject).toMatchObject({ CN: 'admin', O: ['system:masters', 'ops'] })
    client.destroy()
  } finally {
    listener.close()
  }
})

test('what exists is kept, what is missing is added under the same authority', async () => {
  await ensurePki(folder, [server])
  const before = await readIdentity(folder, 'server')
  await ensurePki(folder, [server, admin])
  expect(await readIdentity(folder, 'server')).toEqual(before)
  expect((await readIdentity(folder, 'admin')).ca).toBe(before.ca)
})

test('keys are readable by their owner alone', async () => {
  await ensurePki(folder, [admin])
  expect((await stat(join(folder, 'ca.key'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'admin.key'))).mode & 0o777).toBe(0o600)
})

describe('the certificates of a machine that has joined', () => {
  test('stay as they were if the next cannot be written whole', async () => {
    const { issue } = await throwawayPki()
    const store = pairStore(folder)
    const [first, second] = [await issue('CN=a'), await issue('CN=a')]
    await store.write('client', first)
    await mkdir(join(folder, 'client.crt.new')) // as a full disk refuses the second file
    await expect(store.write('client', second)).rejects.toThrow('EISDIR')
    expect(await store.find('client')).toEqual(first)
  })

  test('are none if they are of two pairs', async () => {
    const { issue } = await throwawayPki()
    const store = pairStore(folder)
    await store.write('client', await issue('CN=a'))
    await writeFile(join(folder, 'client.key'), (await issue('CN=a')).key)
    expect(await store.find('client')).toBeUndefined()
  })
})
