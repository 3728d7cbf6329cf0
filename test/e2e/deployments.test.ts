import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, TestCluster } from '../test-cluster.ts'
import { victimsOf } from '../victims.ts'

/** Deployments, driven by what one types into kubectl, on a live cluster. Steps build on one another, in order. */

const deploy = 'deployment/kubia'
const texts = '{.items[*].spec.containers[0].env[0].value}'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-deployments-${process.pid}`)
  await cluster.up()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const rolledOut = (name = deploy) => cluster.kubectl('rollout', 'status', name, '--timeout=60s')
/** What the pods that are not on their way out have in their environment. */
const textsOf = async (app = 'kubia') => {
  const { stdout } = await cluster.tryKubectl('get', 'pods', '-l', `app=${app}`, '-o', 'json')
  const { items } = JSON.parse(stdout) as { items: { metadata: { deletionTimestamp?: string }; spec: Spec }[] }
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return staying.map(({ spec }) => spec.containers[0]?.env?.find(({ name }) => name === 'TEXT')?.value ?? '').toSorted()
}
interface Spec {
  readonly containers: readonly { readonly env?: readonly { readonly name: string; readonly value: string }[] }[]
}
const sets = (app = 'kubia') => cluster.words('replicasets', '{.items[*].metadata.name}', '-l', `app=${app}`)
const revision = async () =>
  (await cluster.words(deploy, '{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'))[0]
const condition = async (type: string, name = deploy) =>
  (await cluster.words(name, `{.status.conditions[?(@.type=="${type}")].status} {.status.conditions[?(@.type=="${type}")].reason}`)).join(' ')

describe('a Deployment', () => {
  test('is made, and its pods come', async () => {
    expect(await cluster.kubectl('create', 'deployment', 'kubia', '--image=luksa/kubia', '--replicas=3')).toBe(
      'deployment.apps/kubia created\n',
    )
    expect(await rolledOut()).toMatch(/deployment "kubia" successfully rolled out\n$/)
    expect(await textsOf()).toEqual(['', '', ''])
  })

  test('is listed with its ReplicaSet in the columns of Kubernetes', async () => {
    const [name = ''] = await sets()
    expect(name).toMatch(/^kubia-[bcdf4-9]{6,10}$/)
    const hash = name.replace('kubia-', '')
    const listed = await cluster.kubectl('get', 'deploy,rs,pods')
    expect(listed).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\ndeployment.apps\/kubia +3\/3 +3 +3 +\d+s$/m)
    expect(listed).toMatch(/^NAME +DESIRED +CURRENT +READY +AGE$/m)
    expect(listed).toMatch(new RegExp(`^replicaset.apps/${name} +3 +3 +3 +\\d+s$`, 'm'))
    expect(listed.match(new RegExp(`^pod/${name}-[a-z0-9]{5} +1/1 +Running `, 'gm'))).toHaveLength(3)
    expect(await cluster.words('pods', '{.items[0].metadata.labels.pod-template-hash}')).toEqual([hash])
  })

  test('is described with its state and what happened', async () => {
    const [name = ''] = await sets()
    const described = await cluster.kubectl('describe', 'deploy', 'kubia')
    for (const line of [
      /^Annotations: +deployment.kubernetes.io\/revision: 1$/m,
      /^Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m,
      /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m,
      /^ +Available +True +MinimumReplicasAvailable$/m,
      /^ +Progressing +True +NewReplicaSetAvailable$/m,
      /^OldReplicaSets: +<none>$/m,
      new RegExp(`^NewReplicaSet: +${name} \\(3/3 replicas created\\)$`, 'm'),
      new RegExp(`ScalingReplicaSet .*deployment-controller +Scaled up replica set ${name} from 0 to 3$`, 'm'),
    ]) {
      await eventually(String(line), async () => line.test(await cluster.kubectl('describe', 'deploy', 'kubia')))
    }
    expect(described).toContain('Pod Template:')
    const ofSet = await cluster.kubectl('describe', 'rs', name)
    expect(ofSet).toMatch(/^Controlled By: +Deployment\/kubia$/m)
    expect(ofSet).toMatch(/^Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m)
  })
})

describe('a rollout', () => {
  test('replaces all pods, and its history is kept with its causes', async () => {
    await cluster.kubectl('annotate', deploy, 'kubernetes.io/change-cause=first')
    await cluster.kubectl('set', 'env', deploy, 'TEXT=second')
    await cluster.kubectl('annotate', deploy, 'kubernetes.io/change-cause=second', '--overwrite')
    await rolledOut()
    expect(await textsOf()).toEqual(['second', 'second', 'second'])
    expect(await cluster.kubectl('rollout', 'history', deploy)).toMatch(/^REVISION +CHANGE-CAUSE\n1 +first\n2 +second\n/m)
    expect(await cluster.kubectl('rollout', 'history', deploy, '--revision=2')).toMatch(/TEXT:\s+second/)
    expect(await sets()).toHaveLength(2)
  })

  test('is undone in the ReplicaSet that was there, to the last revision and to a given one', async () => {
    expect(await cluster.kubectl('rollout', 'undo', deploy)).toBe('deployment.apps/kubia rolled back\n')
    await rolledOut()
    expect(await textsOf()).toEqual(['', '', ''])
    expect(await revision()).toBe('3')
    await cluster.kubectl('rollout', 'undo', deploy, '--to-revision=2')
    await rolledOut()
    expect(await textsOf()).toEqual(['second', 'second', 'second'])
    expect(await sets()).toHaveLength(2)
    expect(await cluster.kubectl('rollout', 'history', deploy)).toMatch(/^3 +first\n4 +second\n/m)
  })

  test('waits while it is paused', async () => {
    expect(await cluster.kubectl('rollout', 'pause', deploy)).toBe('deployment.apps/kubia paused\n')
    await cluster.kubectl('set', 'env', deploy, 'TEXT=third')
    await cluster.kubectl('scale', deploy, '--replicas=2')
    await eventually('two pods', async () => (await textsOf()).length === 2)
    expect(await textsOf()).toEqual(['second', 'second'])
    expect(await condition('Progressing')).toBe('Unknown DeploymentPaused')
    expect(await cluster.kubectl('rollout', 'resume', deploy)).toBe('deployment.apps/kubia resumed\n')
    await rolledOut()
    expect(await textsOf()).toEqual(['third', 'third'])
  })

  test('is what restart makes, and scaling does not', async () => {
    expect(await cluster.kubectl('scale', 'deploy', 'kubia', '--replicas=4')).toBe('deployment.apps/kubia scaled\n')
    await rolledOut()
    expect(await revision()).toBe('5')
    const before = await cluster.words('pods', '{.items[*].metadata.uid}')
    await cluster.kubectl('rollout', 'restart', deploy)
    await rolledOut()
    expect(await revision()).toBe('6')
    await eventually('only new pods', async () => {
      const now = await cluster.words('pods', '{.items[*].metadata.uid}')
      return now.length === 4 && new Set(now).isDisjointFrom(new Set(before))
    })
  })

  test('goes on where it was when the server dies', async () => {
    await cluster.kubectl('set', 'env', deploy, 'TEXT=fourth')
    const [server] = (await victimsOf(cluster.name)).filter(({ kind }) => kind === 'server')
    if (server === undefined) throw new Error('no server')
    process.kill(server.pid, 'SIGKILL')
    await eventually('a rollout that is complete', async () => (await rolledOut()).includes('successfully rolled out'))
    expect(await textsOf()).toEqual(['fourth', 'fourth', 'fourth', 'fourth'])
    const hashes = await cluster.words('replicasets', '{.items[*].metadata.labels.pod-template-hash}', '-l', 'app=kubia')
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(await revision()).toBe('7')
    expect(await cluster.words(deploy, '{.status.collisionCount}')).toEqual([])
  })
})

describe('a bad image', () => {
  test('is reported after the deadline, takes nothing away, and is undone', async () => {
    await cluster.kubectl('patch', deploy, '-p', '{"spec":{"progressDeadlineSeconds":2}}')
    expect(await cluster.kubectl('set', 'image', deploy, 'kubia=luksa/nothing:here')).toBe(
      'deployment.apps/kubia image updated\n',
    )
    const stuck = await cluster.tryKubectl('rollout', 'status', deploy, '--timeout=60s')
    expect(stuck).toMatchObject({ code: 1, stderr: 'error: deployment "kubia" exceeded its progress deadline\n' })
    expect(await condition('Progressing')).toBe('False ProgressDeadlineExceeded')
    expect(await condition('Available')).toBe('True MinimumReplicasAvailable')
    expect(await cluster.words(deploy, '{.status.availableReplicas}')).toEqual(['3'])
    await cluster.kubectl('patch', deploy, '-p', '{"spec":{"progressDeadlineSeconds":600}}')
    await cluster.kubectl('rollout', 'undo', deploy)
    await rolledOut()
    expect(await condition('Progressing')).toBe('True NewReplicaSetAvailable')
    expect(await textsOf()).toEqual(['fourth', 'fourth', 'fourth', 'fourth'])
  })
})

describe('Recreate', () => {
  const manifest = (text: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'once' },
    spec: {
      replicas: 2,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: 'once' } },
      template: {
        metadata: { labels: { app: 'once' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'kubia', image: 'luksa/kubia', env: [{ name: 'TEXT', value: text }] }],
        },
      },
    },
  })
  const apply = async (text: string) => {
    const file = join(cluster.home, 'once.json')
    await writeFile(file, JSON.stringify(manifest(text)))
    return cluster.kubectl('apply', '-f', file)
  }

  /** Of pods that have not ended, be they on their way out. */
  const running = ['-l', 'app=once', '--field-selector', 'status.phase!=Succeeded,status.phase!=Failed']

  test('applied, it makes new pods when the old ones have ended', async () => {
    expect(await apply('first')).toBe('deployment.apps/once created\n')
    await rolledOut('deployment/once')
    expect(await apply('first')).toBe('deployment.apps/once unchanged\n')
    expect(await sets('once')).toHaveLength(1)
    expect(await apply('second')).toBe('deployment.apps/once configured\n')
    const seen = new Set<string>()
    await eventually('only new pods', async () => {
      const present = new Set(await cluster.words('pods', texts, ...running))
      seen.add([...present].toSorted().join(' and '))
      return present.size === 1 && present.has('second')
    })
    expect(seen).not.toContain('first and second')
    await rolledOut('deployment/once')
    expect(await textsOf('once')).toEqual(['second', 'second'])
  })
})

test('deleting a Deployment deletes all that is its own', async () => {
  await cluster.kubectl('delete', 'deployment', 'kubia', 'once')
  await eventually('nothing left', async () => (await cluster.kubectl('get', 'rs,pods', '-o', 'name')) === '')
})
