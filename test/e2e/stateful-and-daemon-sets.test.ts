import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, TestCluster } from '../test-cluster.ts'

/** StatefulSets and DaemonSets through stock kubectl, on a live cluster of two nodes. Steps build on one another. */

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-sets-${process.pid}`)
  await cluster.up('--nodes', '2')
  await cluster.kubectl('apply', '-f', 'test/e2e/sets.yaml')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

interface Member {
  readonly name: string
  readonly node: string
  readonly version: string
  readonly isReady: boolean
  readonly isGoing: boolean
}

/** The pods of one app, as they were at one moment. */
async function members(app: string): Promise<readonly Member[]> {
  const json = await cluster.kubectl('get', 'pods', '-l', `app=${app}`, '-o', 'json')
  const { items } = JSON.parse(json) as { items: PodJson[] }
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName ?? '',
    version: spec.containers[0]?.env?.[0]?.value ?? '',
    isReady: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    isGoing: metadata.deletionTimestamp !== undefined,
  }))
}

interface PodJson {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string; readonly containers: { readonly env?: { readonly value: string }[] }[] }
  readonly status: { readonly conditions?: { readonly type: string; readonly status: string }[] }
}

/** `web-0 v1 ready`, sorted by name. */
async function described(app: string): Promise<readonly string[]> {
  const words = ({ name, version, isReady, isGoing }: Member) =>
    [name, `v${version}`, ...(isReady ? ['ready'] : []), ...(isGoing ? ['going'] : [])].join(' ')
  return (await members(app)).map(words).sort()
}

async function untilThereAre(app: string, ...wanted: string[]): Promise<void> {
  await eventually(`${wanted} of ${app}`, async () => {
    const now = await described(app)
    if (String(now) !== String(wanted)) throw new Error(`there are ${now}`)
    return true
  })
}

/** Tells a pod that it is ready, as soon as it can be told. */
async function makeReady(pod: string): Promise<void> {
  await eventually(`${pod} runs`, async () => {
    const { code } = await cluster.tryKubectl('exec', pod, '--', 'touch', '/tmp/ready')
    return code === 0
  })
}

const patch = (set: string, spec: object) => cluster.kubectl('patch', set, '--type=merge', '-p', JSON.stringify({ spec }))
const setVersion = (set: string, version: string) => cluster.kubectl('set', 'env', set, `VERSION=${version}`)
const revisionNumbers = (set: string) =>
  cluster.kubectl('rollout', 'history', set).then((text) => text.match(/^\d+/gm)?.map(Number))

describe('a StatefulSet', () => {
  test('starts its pods in order, each when the one before is ready', async () => {
    await eventually('a running pod', async () => (await cluster.words('pod/web-0', '{.status.phase}'))[0] === 'Running')
    expect(await described('web')).toEqual(['web-0 v1'])
    await makeReady('web-0')
    await untilThereAre('web', 'web-0 v1 ready', 'web-1 v1')
    await makeReady('web-1')
    expect(await cluster.kubectl('rollout', 'status', 'sts/web', '--timeout=30s')).toMatch(
      /partitioned roll out complete: 2 new pods|statefulset rolling update complete 2 pods/,
    )
    expect(await cluster.kubectl('get', 'sts', 'web')).toMatch(/^NAME +READY +AGE\nweb +2\/2 /)
  })

  test('is described with its pods and what was done', async () => {
    const text = await cluster.kubectl('describe', 'sts', 'web')
    expect(text).toMatch(/Replicas: +2 desired \| 2 total/)
    expect(text).toMatch(/Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/)
    expect(text).toMatch(/Normal +SuccessfulCreate +.* statefulset-controller +create Pod web-0 in StatefulSet web successful/)
  })

  test('gives each pod a name that another resolves', async () => {
    for (const name of ['web-0', 'web-1']) {
      const url = `http://${name}.web.default.svc.cluster.local:8080`
      await eventually(`${url} answers`, async () => {
        const { stdout } = await cluster.tryKubectl('exec', 'web-1', '--', 'curl', '-s', '--max-time', '5', url)
        return stdout === `You've hit ${name}\n`
      })
    }
    expect(await cluster.kubectl('exec', 'web-0', '--', 'hostname', '-f')).toBe('web-0.web.default.svc.cluster.local\n')
    const labels = await cluster.words('pod/web-1', '{.metadata.labels}')
    expect(JSON.parse(labels.join(''))).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-1',
      'apps.kubernetes.io/pod-index': '1',
    })
  })

  test('updates from the last pod down to the partition, and the rest when that is lowered', async () => {
    await patch('sts/web', { updateStrategy: { rollingUpdate: { partition: 1 } } })
    await setVersion('sts/web', '2')
    await untilThereAre('web', 'web-0 v1 ready', 'web-1 v2')
    await makeReady('web-1')
    expect(await cluster.kubectl('rollout', 'status', 'sts/web', '--timeout=30s')).toContain(
      'partitioned roll out complete: 1 new pods have been updated',
    )
    expect(await described('web')).toEqual(['web-0 v1 ready', 'web-1 v2 ready'])
    await patch('sts/web', { updateStrategy: { rollingUpdate: { partition: 0 } } })
    await untilThereAre('web', 'web-0 v2', 'web-1 v2 ready')
    await makeReady('web-0')
    await cluster.kubectl('rollout', 'status', 'sts/web', '--timeout=30s')
    const [current, update] = await cluster.words('sts/web', '{.status.currentRevision} {.status.updateRevision}')
    expect(current).toBe(update)
  })

  test('goes back to what it was', async () => {
    expect(await revisionNumbers('sts/web')).toEqual([1, 2])
    expect(await cluster.kubectl('rollout', 'undo', 'sts/web')).toBe('statefulset.apps/web rolled back\n')
    await untilThereAre('web', 'web-0 v2 ready', 'web-1 v1')
    await makeReady('web-1')
    await untilThereAre('web', 'web-0 v1', 'web-1 v1 ready')
    await makeReady('web-0')
    await cluster.kubectl('rollout', 'status', 'sts/web', '--timeout=30s')
    expect(await revisionNumbers('sts/web')).toEqual([2, 3])
    expect(await cluster.kubectl('rollout', 'history', 'sts/web', '--revision=2')).toMatch(/VERSION:\s+2/)
  })

  test('ends its pods in reverse order, each when the one before is gone', async () => {
    expect(await cluster.kubectl('scale', 'sts', 'web', '--replicas=3')).toBe('statefulset.apps/web scaled\n')
    await makeReady('web-2')
    await untilThereAre('web', 'web-0 v1 ready', 'web-1 v1 ready', 'web-2 v1 ready')
    await cluster.kubectl('scale', 'sts', 'web', '--replicas=1')
    const moments: string[] = []
    await eventually('one pod', async () => {
      const now = await described('web')
      moments.push(now.join(', '))
      return now.length === 1
    })
    const wrong = moments.filter((moment) => moment.includes('web-2') && /web-1[^,]*going/.test(moment))
    expect([wrong, moments.at(-1)]).toEqual([[], 'web-0 v1 ready'])
    const events = await cluster.kubectl('get', 'events', '--field-selector=reason=SuccessfulDelete')
    expect(events).toContain('delete Pod web-2 in StatefulSet web successful')
  })

  test('with claims of volumes is refused in one sentence', async () => {
    const refused = await cluster.tryKubectl('create', '-f', 'test/e2e/set-with-claims.yaml')
    expect(refused.stderr.trim()).toBe(
      'The StatefulSet "db" is invalid: spec.volumeClaimTemplates: Forbidden: PersistentVolumeClaims are not served by this ' +
        'cluster: give the template volumes of another type, such as emptyDir or hostPath',
    )
  })
})

describe('a DaemonSet', () => {
  const staying = async () => (await members('agent')).filter(({ isGoing }) => !isGoing)
  const placed = async () => (await staying()).map(({ node, version }) => `${node} v${version}`).sort()
  const untilPlaced = (...wanted: string[]) =>
    eventually(`${wanted}`, async () => {
      const now = await placed()
      if (String(now) !== String(wanted)) throw new Error(`there are ${now}`)
      return true
    })

  test('has a pod on every node', async () => {
    const status = await cluster.kubectl('rollout', 'status', 'ds/agent', '--timeout=60s')
    expect(status).toContain('daemon set "agent" successfully rolled out')
    expect(await placed()).toEqual(['node-1 v1', 'node-2 v1'])
    expect(await cluster.kubectl('get', 'ds', 'agent')).toMatch(
      /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nagent +2 +2 +2 +2 +2 +<none> /,
    )
    const text = await cluster.kubectl('describe', 'ds', 'agent')
    expect(text).toMatch(/Desired Number of Nodes Scheduled: 2/)
    expect(text).toMatch(/Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/)
    expect(text).toMatch(/Normal +SuccessfulCreate +\S+ +daemonset-controller +Created pod: agent-[a-z0-9]{5}/)
  })

  test('replaces a pod that is deleted', async () => {
    const [victim] = await members('agent')
    await cluster.kubectl('delete', 'pod', victim?.name ?? '')
    await untilPlaced('node-1 v1', 'node-2 v1')
    expect((await members('agent')).map(({ name }) => name)).not.toContain(victim?.name)
  })

  test('updates, and goes back', async () => {
    await setVersion('ds/agent', '2')
    await cluster.kubectl('rollout', 'status', 'ds/agent', '--timeout=60s')
    expect(await placed()).toEqual(['node-1 v2', 'node-2 v2'])
    expect(await revisionNumbers('ds/agent')).toEqual([1, 2])
    expect(await cluster.kubectl('rollout', 'undo', 'ds/agent')).toBe('daemonset.apps/agent rolled back\n')
    await cluster.kubectl('rollout', 'status', 'ds/agent', '--timeout=60s')
    expect(await placed()).toEqual(['node-1 v1', 'node-2 v1'])
    expect(await revisionNumbers('ds/agent')).toEqual([2, 3])
  })

  test('restarts', async () => {
    const before = (await members('agent')).map(({ name }) => name)
    expect(await cluster.kubectl('rollout', 'restart', 'ds/agent')).toBe('daemonset.apps/agent restarted\n')
    await cluster.kubectl('rollout', 'status', 'ds/agent', '--timeout=60s')
    const after = (await staying()).map(({ name }) => name)
    expect([after.length, after.filter((name) => before.includes(name))]).toEqual([2, []])
  })

  test('is on the nodes that it selects', async () => {
    await cluster.kubectl('label', 'node', 'node-2', 'role=edge')
    await patch('ds/agent', { template: { spec: { nodeSelector: { role: 'edge' } } } })
    await untilPlaced('node-2 v1')
    await cluster.kubectl('label', 'node', 'node-1', 'role=edge')
    await untilPlaced('node-1 v1', 'node-2 v1')
    await cluster.kubectl('label', 'node', 'node-2', 'role-')
    await untilPlaced('node-1 v1')
    await eventually('one desired', async () => {
      const [desired] = await cluster.words('ds/agent', '{.status.desiredNumberScheduled}')
      return desired === '1'
    })
  })

  test('goes with its pods and its history', async () => {
    await cluster.kubectl('delete', 'ds/agent', 'sts/web')
    await eventually('nothing left', async () => {
      const left = await cluster.words('pods,controllerrevisions', '{.items[*].metadata.name}')
      return left.length === 0
    })
  })
})
