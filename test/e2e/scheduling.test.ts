import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCluster } from '../test-cluster.ts'

/** Where pods go on a cluster of two nodes, and what is said of those that fit nowhere. */

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named('e2e-scheduling')
  await cluster.up('--nodes', '2')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const create = (step: string) => cluster.kubectl('apply', '-f', 'test/e2e/scheduling.yaml', '-l', `step=${step}`)
const nodeOf = async (pod: string) => (await cluster.words(`pod/${pod}`, '{.spec.nodeName}'))[0]
const placed = (pod: string) => eventually(`a node for ${pod}`, () => nodeOf(pod))
const nodesOf = (app: string) => cluster.words('pods', '{.items[*].spec.nodeName}', '-l', `app=${app}`)
const helpless = (why: string) => `no new claims to deallocate, preemption: 0/2 nodes are available: ${why}.`

/** What the pod's `PodScheduled` condition says once it is there. */
const complaint = (pod: string) =>
  eventually(`why ${pod} has no node`, async () => {
    const condition = '{.status.conditions[?(@.type=="PodScheduled")]}'
    const text = await cluster.kubectl('get', 'pod', pod, '-o', `jsonpath=${condition}`)
    return text !== '' && (JSON.parse(text) as object)
  })

const unschedulable = (message: string) => ({ status: 'False', reason: 'Unschedulable', message })

test('pods of one owner spread over the nodes', async () => {
  await create('spread')
  await eventually('four pods with a node', async () => (await nodesOf('spread')).length === 4)
  expect((await nodesOf('spread')).sort()).toEqual(['node-1', 'node-1', 'node-2', 'node-2'])
})

test('pods that must be apart wait when there are more of them than nodes, and one takes the place of one that goes', async () => {
  await create('apart')
  await eventually('two pods with a node', async () => (await nodesOf('apart')).length === 2)
  const names = await cluster.words('pods', '{range .items[*]}{.metadata.name}={.spec.nodeName}{" "}{end}', '-l', 'app=apart')
  const waiting = names.find((name) => name.endsWith('='))?.slice(0, -1) ?? ''
  const gone = names.find((name) => name.endsWith('=node-2'))?.split('=')[0] ?? ''
  expect(await complaint(waiting)).toMatchObject(
    unschedulable(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. " +
        helpless('2 No preemption victims found for incoming pod'),
    ),
  )
  await cluster.kubectl('delete', 'pod', gone)
  // It, or the equal one that is made in the place of the deleted one: whichever is tried first.
  await eventually('the place to be taken', async () => (await nodesOf('apart')).length === 2)
  expect((await nodesOf('apart')).sort()).toEqual(['node-1', 'node-2'])
})

test('a pod waits for a node with the labels that it wants, and describe says so', async () => {
  await create('picky')
  const message =
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. " +
    helpless('2 Preemption is not helpful for scheduling')
  expect(await complaint('picky')).toMatchObject(unschedulable(message))
  const described = await eventually('its Event', async () => {
    const text = await cluster.kubectl('describe', 'pod', 'picky')
    return text.includes('FailedScheduling') && text
  })
  expect(described).toMatch(/^ +Warning +FailedScheduling +\S+( \(x\d+ over \S+\))? +default-scheduler +0\/2 nodes are available/m)
  expect(described).toContain(message)
  await cluster.kubectl('label', 'node', 'node-2', 'disk=ssd')
  expect(await placed('picky')).toBe('node-2')
  const events = await eventually('the other Event', async () => {
    const text = await cluster.kubectl('describe', 'pod', 'picky')
    return text.includes('Successfully') && text
  })
  expect(events).toMatch(/^ +Normal +Scheduled +\S+ +default-scheduler +Successfully assigned default\/picky to node-2$/m)
})

test('a pod waits for a taint to go', async () => {
  await cluster.kubectl('taint', 'node', 'node-1', 'dedicated=db:NoSchedule')
  await create('plain')
  expect(await complaint('plain')).toMatchObject(
    unschedulable(
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). " +
        helpless('2 Preemption is not helpful for scheduling'),
    ),
  )
  await cluster.kubectl('taint', 'node', 'node-1', 'dedicated-')
  expect(await placed('plain')).toBe('node-1')
})

test('a pod waits for a host port', async () => {
  await create('ports')
  expect(await placed('first')).toBe('node-1')
  await create('more-ports')
  expect(await complaint('second')).toMatchObject(
    unschedulable(
      "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) didn't match Pod's " +
        'node affinity/selector. ' +
        helpless('1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling'),
    ),
  )
  await cluster.kubectl('delete', 'pod', 'first')
  expect(await placed('second')).toBe('node-1')
})

test('a more important pod takes the place of another', async () => {
  await create('preemption')
  expect(await placed('urgent')).toBe('node-1')
  expect(await cluster.tryKubectl('get', 'pod', 'second')).toMatchObject({ code: 1, stderr: expect.stringContaining('NotFound') })
  const [uid] = await cluster.words('pod/urgent', '{.metadata.uid}')
  const said = await eventually('the Event', async () => {
    const text = await cluster.kubectl('get', 'events', '--field-selector', 'reason=Preempted', '-o', 'jsonpath={.items[*].message}')
    return text !== '' && text
  })
  expect(said).toBe(`Preempted by pod ${uid} on node node-1`)
  expect(await cluster.kubectl('get', 'pod', 'urgent', '-o', 'jsonpath={.status.nominatedNodeName}')).toBe('')
})

test('a gated pod is not looked at before its gate is opened', async () => {
  await create('gated')
  expect(await cluster.kubectl('get', 'pod', 'gated')).toMatch(/^gated +0\/1 +SchedulingGated +0 /m)
  const open = [{ op: 'remove', path: '/spec/schedulingGates/0' }]
  await cluster.kubectl('patch', 'pod', 'gated', '--type=json', '-p', JSON.stringify(open))
  await placed('gated')
})
