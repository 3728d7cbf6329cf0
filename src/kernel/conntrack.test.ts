import { describe, expect, test } from 'vitest'
import type { Conntrack, TrackedFlow } from './conntrack.ts'
import { conntrackCommand } from './conntrack-command.ts'
import { FakeConntrack } from './conntrack-fake.ts'
import { realProcesses } from './real-processes.ts'
import { TestNetwork } from './test-network.ts'

interface Tracked {
  readonly conntrack: Conntrack
  track(flow: TrackedFlow, clientPort: number): Promise<void>
}

async function onFake(judge: (tracked: Tracked) => Promise<void>): Promise<void> {
  const conntrack = new FakeConntrack()
  await judge({ conntrack, track: async (flow) => conntrack.track(flow) })
}

async function onKernel(judge: (tracked: Tracked) => Promise<void>): Promise<void> {
  await using network = new TestNetwork()
  const node = await network.namespace('node')
  const track = async ({ protocol, destination, answeredBy }: TrackedFlow, clientPort: number) => {
    const line =
      `conntrack -I -p ${protocol} -t 100 -s 10.108.1.3 --sport ${clientPort} -d ${destination.address}` +
      ` --dport ${destination.port} --dst-nat ${answeredBy.address}:${answeredBy.port}`
    await node.run('sh', '-c', line)
  }
  await judge({ conntrack: conntrackCommand({ processes: realProcesses, netns: node.path }), track })
}

const dns = { address: '10.96.0.20', port: 53 }
const first: TrackedFlow = { protocol: 'udp', destination: dns, answeredBy: { address: '10.108.1.4', port: 5353 } }
const second: TrackedFlow = { protocol: 'udp', destination: dns, answeredBy: { address: '10.108.1.5', port: 5353 } }

describe.each([
  { name: 'conntrack command', judgeOn: onKernel },
  { name: 'fake', judgeOn: onFake },
])('$name', ({ judgeOn }) => {
  test('lists each pair once, whatever the number of clients', () =>
    judgeOn(async ({ conntrack, track }) => {
      expect(await conntrack.list('udp', 'ipv4')).toEqual([])
      await track(first, 4000)
      await track(first, 4001)
      await track(second, 4002)
      const flows = await conntrack.list('udp', 'ipv4')
      expect(flows).toHaveLength(2)
      expect(flows).toEqual(expect.arrayContaining([first, second]))
      expect(await conntrack.list('udp', 'ipv6')).toEqual([])
    }))

  test('forgets the named pairs and leaves the others', () =>
    judgeOn(async ({ conntrack, track }) => {
      await track(first, 4000)
      await track(first, 4001)
      await track(second, 4002)
      const absent = { ...first, answeredBy: { address: '10.108.1.9', port: 5353 } }
      await conntrack.forget([absent, first])
      expect(await conntrack.list('udp', 'ipv4')).toEqual([second])
      await conntrack.forget([])
      await conntrack.forget([first, second])
      expect(await conntrack.list('udp', 'ipv4')).toEqual([])
    }))
})
