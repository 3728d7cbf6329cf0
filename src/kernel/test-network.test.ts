import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { TestNetwork } from './test-network.ts'

test('pods reach each other through their node, over TCP and UDP, and are refused on other ports', async () => {
  await using network = new TestNetwork()
  const node = await network.namespace('node')
  const server = await network.peer(await network.pod(node, '10.108.1.2', 'server'))
  const client = await network.peer(await network.pod(node, '10.108.1.3', 'client'))
  await server.serve('tcp', 8080)
  await server.serve('udp', 8080)

  const seen = { server: 'server', port: 8080, client: '10.108.1.3' }
  expect(await client.ask('tcp', '10.108.1.2', 8080)).toMatchObject(seen)
  expect(await client.ask('udp', '10.108.1.2', 8080, { localPort: 4000 })).toEqual({ ...seen, clientPort: 4000 })
  const say = await client.open('10.108.1.2', 8080)
  expect(await say()).toEqual(await say())
  await expect(client.ask('tcp', '10.108.1.2', 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await expect(client.ask('udp', '10.108.1.2', 81)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('ends its namespaces when a test fails', async () => {
  let path = ''
  const failing = async () => {
    await using network = new TestNetwork()
    const pod = await network.namespace('pod')
    path = pod.path
    throw new Error('the test failed')
  }
  await expect(failing()).rejects.toThrow('the test failed')
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('links two namespaces', async () => {
  await using network = new TestNetwork()
  const a = await network.namespace('a')
  const b = await network.namespace('b')
  await network.link({ namespace: a, address: '192.168.7.1/24' }, { namespace: b, address: '192.168.7.2/24' })
  const [server, client] = [await network.peer(a), await network.peer(b)]
  await server.serve('tcp', 80)
  expect(await client.ask('tcp', '192.168.7.1', 80)).toMatchObject({ server: 'a', client: '192.168.7.2' })
})
