import { expect, test } from 'vitest'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork } from '../../kernel/test-network.ts'
import { loopbackResolverRules } from './loopback-resolver.ts'

test('who asks on the loopback is answered by the node’s DNS server, however often the rules are told', async () => {
  await using network = new TestNetwork()
  const node = await network.namespace('node')
  await node.ip('address add 10.96.0.10/32 dev lo')
  const server = await network.peer(node)
  const load = () => realProcesses.run(['nft', '-f', '-'], { netns: node.path, input: loopbackResolverRules(['127.0.0.53', '127.0.0.1'], '10.96.0.10') })
  await load()
  await load()
  for (const transport of ['udp', 'tcp'] as const) {
    await server.serve(transport, 53, '10.96.0.10')
    for (const address of ['127.0.0.53', '127.0.0.1']) {
      expect(await server.ask(transport, address, 53)).toMatchObject({ server: 'node', client: '127.0.0.1' })
    }
  }
  await expect(server.ask('tcp', '127.0.0.53', 54)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
