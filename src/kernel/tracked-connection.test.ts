import { expect, test } from 'vitest'
import { realProcesses } from './real-processes.ts'
import { TestNetwork } from './test-network.ts'
import { parseConnection, trackedConnection } from './tracked-connection.ts'

const client = { address: '10.108.1.3', port: 4000 }
const service = { address: '10.96.0.20', port: 80 }

test('one client’s entry is found among others, with both directions', async () => {
  await using network = new TestNetwork()
  const node = await network.namespace('node')
  const find = (port: number) => trackedConnection(realProcesses, node.path, { protocol: 'tcp', source: { ...client, port }, destination: service })
  expect(await find(4000)).toBeUndefined()
  for (const port of [4000, 4001]) {
    const line = `conntrack -I -p tcp --state ESTABLISHED -t 100 -s ${client.address} --sport ${port} -d ${service.address} --dport 80 --dst-nat 10.108.1.4:8080`
    await node.run('sh', '-c', line)
  }
  expect(await find(4001)).toMatchObject({
    state: 'ESTABLISHED',
    original: { source: { ...client, port: 4001 }, destination: service },
    reply: { source: { address: '10.108.1.4', port: 8080 }, destination: { ...client, port: 4001 } },
  })
})

test('datagrams have no state, and what was not answered is marked', () => {
  const line = 'udp      17 29 src=10.108.1.3 dst=10.96.0.20 sport=4000 dport=80 [UNREPLIED] src=10.108.1.4 dst=10.108.1.3 sport=5353 dport=4000 mark=7 use=1'
  expect(parseConnection(line)).toEqual({
    original: { source: client, destination: service },
    reply: { source: { address: '10.108.1.4', port: 5353 }, destination: client },
    seconds: 29,
    isAnswered: false,
    mark: 7,
  })
  expect(parseConnection('')).toBeUndefined()
})
