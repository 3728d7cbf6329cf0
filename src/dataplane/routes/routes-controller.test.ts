import { expect, test } from 'vitest'
import type { Node } from '../../api/kinds/node.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { FakeProcesses } from '../../kernel/fake-processes.ts'
import type { Processes } from '../../kernel/processes.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNetwork, type TestNamespace } from '../../kernel/test-network.ts'
import { routesController } from './routes-controller.ts'

const signal = new AbortController().signal

function node(number: number, via = `192.168.99.${10 + number}`): Node {
  const name = `node-${number}`
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { podCIDR: `10.108.${number}.0/24` },
    status: { addresses: [{ type: 'InternalIP', address: via }] },
  }
}

function put(cache: LiveCache<Node>, next: Node): void {
  const key = next.metadata.name
  cache.apply([{ key, previous: cache.get(key), next }])
}

function drop(cache: LiveCache<Node>, name: string): void {
  cache.apply([{ key: name, previous: cache.get(name), next: undefined }])
}

/** Programs run in the given namespace, as those of an agent do that was started in it. */
function programsIn({ path }: TestNamespace): Processes {
  return { run: (command, options) => realProcesses.run(command, { ...options, netns: path }) }
}

test('the kernel has the routes of the Nodes there are, and keeps those of others', async () => {
  await using network = new TestNetwork()
  const [own, other] = [await network.namespace('own'), await network.namespace('other')]
  await network.link({ namespace: own, address: '192.168.99.11/24' }, { namespace: other, address: '192.168.99.12/24' })
  await own.ip('route add 10.109.0.0/16 via 192.168.99.12', 'route add 10.108.77.0/24 via 192.168.99.12 protocol 108')
  const nodes = new LiveCache<Node>(silentLog)
  const routes = () => routesController({ nodes, ownNode: 'node-1', processes: programsIn(own), clock: new ManualClock() })
  const listed = async () => {
    const text = await own.run('ip', '-4', 'route', 'show', 'root', '10.0.0.0/8')
    return text.split('\n').map((line) => line.trim())
  }

  const end = 'unreachable 10.108.1.0/24 proto 108 metric 4278190080'
  for (const number of [1, 2, 3]) put(nodes, node(number))
  const controller = routes()
  await controller.reconcile('routes', signal)
  expect(await listed()).toEqual([
    end,
    expect.stringContaining('10.108.2.0/24 via 192.168.99.12 dev a1 proto 108'),
    expect.stringContaining('10.108.3.0/24 via 192.168.99.13 dev a1 proto 108'),
    '10.109.0.0/16 via 192.168.99.12 dev a1',
    '',
  ])

  drop(nodes, 'node-3')
  put(nodes, node(2, '192.168.99.22'))
  await controller.reconcile('routes', signal)
  const after = [end, '10.108.2.0/24 via 192.168.99.22 dev a1 proto 108', '10.109.0.0/16 via 192.168.99.12 dev a1', '']
  expect(await listed()).toEqual(after)

  await routes().reconcile('routes', signal)
  expect(await listed()).toEqual(after)
})

test('what no pod of the own range has is unreachable, and a pod is not', async () => {
  await using network = new TestNetwork()
  const [own, other] = [await network.namespace('own'), await network.namespace('other')]
  await network.link({ namespace: own, address: '192.168.99.11/24' }, { namespace: other, address: '192.168.99.12/24' })
  await own.ip('route add default via 192.168.99.12', 'route add 10.108.1.5/32 via 192.168.99.12')
  const nodes = new LiveCache<Node>(silentLog)
  put(nodes, node(1))
  const wayTo = (address: string) => own.run('ip', 'route', 'get', address)
  expect(await wayTo('10.108.1.6')).toContain('via 192.168.99.12')

  await routesController({ nodes, ownNode: 'node-1', processes: programsIn(own), clock: new ManualClock() }).reconcile('routes', signal)
  await expect(wayTo('10.108.1.6')).rejects.toThrow('No route to host')
  expect(await wayTo('10.108.1.5')).toContain('via 192.168.99.12')
  expect(await wayTo('10.108.2.1')).toContain('via 192.168.99.12')

  drop(nodes, 'node-1')
  await routesController({ nodes, ownNode: 'node-1', processes: programsIn(own), clock: new ManualClock() }).reconcile('routes', signal)
  expect(await wayTo('10.108.1.6')).toContain('via 192.168.99.12')
})

test('a Node out of reach fails the reconcile but not the other routes', async () => {
  await using network = new TestNetwork()
  const [own, other] = [await network.namespace('own'), await network.namespace('other')]
  await network.link({ namespace: own, address: '192.168.99.11/24' }, { namespace: other, address: '192.168.99.12/24' })
  const nodes = new LiveCache<Node>(silentLog)
  put(nodes, node(1, '172.16.0.1'))
  put(nodes, node(2))
  const controller = routesController({ nodes, ownNode: undefined, processes: programsIn(own), clock: new ManualClock() })
  await expect(controller.reconcile('routes', signal)).rejects.toThrow('Nexthop has invalid gateway')
  expect(await own.run('ip', 'route', 'show', 'protocol', '108')).toContain('10.108.2.0/24')
  drop(nodes, 'node-1')
  await controller.reconcile('routes', signal)
})

test('what somebody else takes away, the kernel among them, is there again at the next look', async () => {
  await using network = new TestNetwork()
  const [own, other] = [await network.namespace('own'), await network.namespace('other')]
  const [device] = await network.link({ namespace: own, address: '192.168.99.11/24' }, { namespace: other, address: '192.168.99.12/24' })
  const nodes = new LiveCache<Node>(silentLog)
  for (const number of [1, 2]) put(nodes, node(number))
  const clock = new ManualClock()
  const controller = routesController({ nodes, ownNode: 'node-1', processes: programsIn(own), clock })
  const held = () => own.run('ip', 'route', 'show', 'protocol', '108')
  await controller.reconcile('routes', signal)
  const before = await held()
  await own.ip(`link set ${device} down`, `link set ${device} up`)
  expect(await held()).not.toBe(before)
  clock.advance(4000)
  expect(await controller.reconcile('routes', signal)).toEqual({ againInMs: 6000 })
  expect(await held()).not.toBe(before)
  clock.advance(6000)
  await controller.reconcile('routes', signal)
  expect(await held()).toBe(before)
})

test('heartbeats run nothing, and a failure is tried again', async () => {
  let fails = true
  const processes = new FakeProcesses(({ command }) =>
    command.includes('-batch') ? { exitCode: fails ? 1 : 0 } : { stdout: '[]' },
  )
  const nodes = new LiveCache<Node>(silentLog)
  put(nodes, node(2))
  const controller = routesController({ nodes, ownNode: 'node-1', processes, clock: new ManualClock() })
  await expect(controller.reconcile('routes', signal)).rejects.toThrow('ip -force -batch -')
  fails = false
  await controller.reconcile('routes', signal)
  expect(processes.calls.at(-1)?.input).toBe('route replace 10.108.2.0/24 via 192.168.99.12 protocol 108\n')
  const ran = processes.calls.length
  put(nodes, { ...node(2), metadata: { ...node(2).metadata, resourceVersion: '2' } })
  await controller.reconcile('routes', signal)
  expect(processes.calls.length).toBe(ran)
})
