import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { MetricRegistry } from '../../base/metrics.ts'
import { systemClock } from '../../base/clock.ts'
import { socketCalls, type Peer } from '../../kernel/socket-calls.ts'
import { startClusterDns } from './cluster-dns.ts'
import { serverContract } from './server.contract.ts'
import { DnsSockets } from './sockets.ts'
import { exampleCaches } from './test-zone.ts'

const noCalls = () => Promise.reject(new Error('No such built-in module: node:ffi'))

describe('packets in batches', () => {
  serverContract((listen) => DnsSockets.open(listen))
})

describe('packets one by one', () => {
  serverContract((listen) => DnsSockets.open(listen, noCalls))
})

test('packets come one by one where memory has no address', async () => {
  const calls = await socketCalls()
  const addressOf = () => { throw new Error('getRawPointer is not what it was') }
  const probe = await DnsSockets.open({ address: '127.0.0.1', port: 0 })
  await probe.close()
  const sockets = await DnsSockets.open({ address: '127.0.0.1', port: probe.port }, () => Promise.resolve({ ...calls, addressOf }))
  expect(sockets).toMatchObject({ port: probe.port, unbatched: 'getRawPointer is not what it was' })
  await sockets.close()
})

test('of free ports for UDP one is taken that is free for TCP', async () => {
  const calls = await socketCalls()
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  const { port } = taken.address() as AddressInfo
  const drawn = [port, port]
  const bindUdp4 = (at: Peer) => calls.bindUdp4({ ...at, port: drawn.pop() ?? at.port })
  const sockets = await DnsSockets.open({ address: '127.0.0.1', port: 0 }, () => Promise.resolve({ ...calls, bindUdp4 }))
  expect(sockets.port).not.toBe(port)
  expect(drawn).toEqual([])
  await sockets.close()
  await new Promise((closed) => taken.close(closed))
})

describe('why there are no batches', () => {
  test.each([
    { what: 'is nothing where there are', address: '127.0.0.1', open: DnsSockets.open, reason: undefined },
    { what: 'is what Node.js says', address: '127.0.0.1', open: (listen: { address: string; port: number }) => DnsSockets.open(listen, noCalls), reason: 'No such built-in module: node:ffi' },
    { what: 'is the family of the address', address: '::1', open: DnsSockets.open, reason: 'they are for IPv4' },
  ])('$what', async ({ address, open, reason }) => {
    const sockets = await open({ address, port: 0 })
    const told: unknown[] = []
    const log = { ...silentLog, info: (fields: object, message: string) => void told.push([fields, message]) }
    const options = { address, port: sockets.port, clusterDomain: 'cluster.local', ttlSeconds: 5, upstreams: [], podRecords: 'disabled', clients: [], logQueries: false } as const
    const server = await startClusterDns(options, { sockets, log, clock: systemClock, metrics: new MetricRegistry(), ...exampleCaches() })
    expect(told).toEqual(reason === undefined ? [] : [[{ reason }, 'DNS takes packets one by one, not in batches']])
    await server.close()
  })
})
