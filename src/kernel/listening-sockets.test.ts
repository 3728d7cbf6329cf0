import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { isLoopback, listenersIn, listeningSockets } from './listening-sockets.ts'

const heading = '  sl  local_address rem_address   st tx_queue rx_queue'
const row = (local: string, state: string) => `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 100 1`

for (const { name, table, protocol, sockets } of [
  { name: 'every address', table: [row('00000000:1F90', '0A')], protocol: 'TCP', sockets: ['0.0.0.0 8080'] },
  { name: 'loopback', table: [row('0100007F:1F90', '0A')], protocol: 'TCP', sockets: ['127.0.0.1 8080'] },
  { name: 'connections are no listeners', table: [row('0100007F:1F90', '01')], protocol: 'TCP', sockets: [] },
  { name: 'IPv6', table: [row(`${'0'.repeat(32)}:0050`, '0A'), row(`${'0'.repeat(24)}01000000:0051`, '0A')], protocol: 'TCP', sockets: [':: 80', '::1 81'] },
  { name: 'IPv4 in IPv6', table: [row('0000000000000000FFFF00000100007F:0050', '0A')], protocol: 'TCP', sockets: ['127.0.0.1 80'] },
  { name: 'datagrams', table: [row('00000000:0035', '07'), row('0100007F:0036', '01')], protocol: 'UDP', sockets: ['0.0.0.0 53'] },
] as const) {
  test(name, () => {
    const found = listenersIn([heading, ...table, ''].join('\n'), protocol)
    expect(found.map(({ address, port }) => `${address} ${port}`)).toEqual(sockets)
  })
}

test('finds what this process listens on', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  expect(await listeningSockets(process.pid)).toContainEqual({ protocol: 'TCP', address: '127.0.0.1', port })
})

test('a process that has gone has none', async () => {
  expect(await listeningSockets(2 ** 22 + 1)).toEqual([])
})

test('loopback is all of 127.0.0.0/8, and ::1', () => {
  expect(['127.0.0.1', '127.0.1.1', '::1', '0.0.0.0', '::', '10.0.0.1'].filter(isLoopback)).toEqual(['127.0.0.1', '127.0.1.1', '::1'])
})
