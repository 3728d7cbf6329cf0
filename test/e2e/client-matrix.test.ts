import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFor } from '../client-matrix/acts.ts'
import { fixtures } from '../client-matrix/fixtures.ts'
import { reading } from '../client-matrix/reading.ts'
import { asActs, type Step } from '../client-matrix/steps.ts'
import { streaming } from '../client-matrix/streaming.ts'
import { writing } from '../client-matrix/writing.ts'
import { KubectlSession } from '../kubectl-session.ts'
import { findKubectls } from '../kubectls.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/**
 * A day's commands on one cluster: the whole list with the newest and the oldest kubectl of this machine, its core with
 * one in the middle. What should be printed alike is compared. The chapter's test uses every kubectl.
 */

const { found, missing } = await findKubectls()
const newest = found[0]
const oldest = found.at(-1)
const middle = found[Math.floor(found.length / 2)]
const tried = new Set([newest, middle, oldest].filter((kubectl) => kubectl !== undefined))

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-matrix-${process.pid}`)
  await cluster.up()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('there are kubectls, the oldest among them', ({ skip }) => {
  expect(found).not.toEqual([])
  skip(missing.length > 0, `not all of them: ${missing.join('; ')}`)
})

const printed = new Map<Step, string>()

for (const kubectl of tried) {
  describe(`kubectl ${kubectl.version}`, () => {
    const isWhole = kubectl === newest || kubectl === oldest
    let session: KubectlSession
    let pod = ''
    beforeAll(async () => {
      const home = join(cluster.home, kubectl.version)
      session = new KubectlSession(kubectl, `m-${kubectl.version.replaceAll('.', '-')}`, { ...cluster.environment, HOME: home })
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: session.namespace } }
      await session.feed(JSON.stringify(namespace), 'create', '-f', '-')
      await session.feed(fixtures, 'create', '-f', '-')
      await settled(session)
      pod = await session.ok('get', 'pods', '-l', 'app=kubia', '-o', 'jsonpath={.items[0].metadata.name}')
    })

    const acts = [...asActs(reading, printed), ...streaming, ...asActs(writing, printed)]
    for (const { name, perform } of acts.filter((act) => isFor(act, kubectl.minor, isWhole))) {
      test(name, async () => {
        await expect(perform(session, pod)).resolves.toBeUndefined()
      })
    }

    test('delete namespace empties it', async () => {
      await session.ok('delete', 'namespace', session.namespace)
      expect(await session.ok('get', 'all', '-o', 'name')).toBe('')
    })
  })
}

/** The pods that can run do, and the container that fails once runs again. */
async function settled(session: KubectlSession): Promise<void> {
  await session.ok('wait', '--for=condition=Ready', 'pod', '-l', 'app=kubia', '--timeout=60s')
  await eventually('a container that runs again', async () => {
    const state = await session.ok('get', 'pod', 'talker', '-o', 'jsonpath={.status.containerStatuses[1]}')
    return /"ready":true/.test(state) && !/"restartCount":0/.test(state)
  })
  await eventually('endpoints', async () => {
    const addresses = await session.ok('get', 'endpoints', 'kubia', '-o', 'jsonpath={.subsets[0].addresses[*].ip}')
    return addresses.split(' ').length === 2
  })
}
