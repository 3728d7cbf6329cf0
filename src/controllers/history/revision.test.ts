import { describe, expect, test } from 'vitest'
import { StatusError } from '../../api/errors.ts'
import { ControllerRevisions, type ControllerRevision } from '../../api/kinds/controller-revision.ts'
import { StatefulSets } from '../../api/kinds/stateful-set.ts'
import { selectorFromObject } from '../../api/selectors.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { silentLog } from '../../base/log.ts'
import { informer } from '../../client/informer.ts'
import { LiveCache } from '../../client/live-cache.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { changesTo } from '../../client/object-index.ts'
import { statefulSet, templateOfImage } from '../set-fixtures.ts'
import { RevisionHistory, type LatestRevision } from './revision-history.ts'
import { byRevision, isOfTemplate, revisionOf, surplusOf, templateOf, type RevisedOwner } from './revision.ts'

function ownerOf(image = 'luksa/kubia', collisionCount = 0): RevisedOwner {
  const object = statefulSet({ template: templateOfImage(image) })
  const { selector, template } = object.spec
  const hashLabel = 'controller.kubernetes.io/hash'
  return { object, resource: StatefulSets, selector: selectorFromObject(selector), template, hashLabel, collisionCount }
}

function stored(owner: RevisedOwner, revision: number): ControllerRevision {
  const { metadata, ...rest } = revisionOf(owner, revision, owner.collisionCount)
  const created = { uid: `uid-${revision}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: '', ...metadata, ...created }, ...rest }
}

describe('a revision', () => {
  test('holds a patch that brings its template back, with keys in order', () => {
    const { metadata, data, revision } = revisionOf(ownerOf(), 4, 0)
    expect(JSON.stringify(data)).toBe(
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"kubia"}},' +
        '"spec":{"containers":[{"image":"luksa/kubia","name":"main"}]}}}}',
    )
    expect(revision).toBe(4)
    const hash = metadata.labels?.['controller.kubernetes.io/hash']
    expect(metadata.name).toBe(`web-${hash}`)
    expect(metadata.labels).toMatchObject({ app: 'kubia' })
    expect(metadata.ownerReferences?.[0]).toMatchObject({ kind: 'StatefulSet', name: 'web', controller: true })
  })

  test('has the name that upstream gives it', () => {
    const container = {
      name: 'test',
      image: 'test',
      imagePullPolicy: 'Always',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    }
    const spec = {
      containers: [container],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    }
    const template = { metadata: { labels: { app: 'foo' }, annotations: { test: 'value' } }, spec }
    expect(revisionOf({ ...ownerOf(), template }, 2, 0).metadata.name).toBe('web-776999688b')
  })

  test('is of a template that means the same', () => {
    const revision = stored(ownerOf(), 1)
    const { template } = ownerOf()
    expect(isOfTemplate(revision, template)).toBe(true)
    const [container = { name: '' }] = template.spec?.containers ?? []
    const explicit = { ...template, spec: { containers: [{ ...container, env: [] }], dnsPolicy: 'ClusterFirst' } }
    expect(isOfTemplate(revision, explicit)).toBe(true)
    expect(isOfTemplate(revision, templateOfImage('other'))).toBe(false)
    expect(templateOf(revision)).toMatchObject(template)
    expect(templateOf(revision)).not.toHaveProperty('$patch')
  })

  test('has a name of its own when another has that already, and a name that is not too long', () => {
    const owner = ownerOf()
    expect(revisionOf(owner, 1, 1).metadata.name).not.toBe(revisionOf(owner, 1, 0).metadata.name)
    const long = { ...owner, object: { ...owner.object, metadata: { ...owner.object.metadata, name: 'x'.repeat(253) } } }
    expect(revisionOf(long, 1, 0).metadata.name?.length).toBeLessThanOrEqual(253)
  })
})

test('the oldest that nobody uses are too many', () => {
  const revisions = [1, 2, 3, 4].map((number) => stored(ownerOf(`image:${number}`), number))
  const surplus = (limit: number, used: number[] = []) =>
    surplusOf(revisions, limit, ({ revision }) => used.includes(revision)).map(({ revision }) => revision)
  expect([surplus(4), surplus(2), surplus(0), surplus(-1)]).toEqual([[], [1, 2], [1, 2, 3, 4], []])
  expect([surplus(2, [1]), surplus(0, [1, 4])]).toEqual([[2, 3], [2, 3]])
  expect(revisions.toReversed().sort(byRevision)).toEqual(revisions)
})

describe('the history of a set', () => {
  function made(latest: LatestRevision | undefined): LatestRevision {
    if (latest === undefined) throw new Error('none was made')
    return latest
  }

  async function start(...seeds: ControllerRevision[]) {
    const client = new MemoryClient()
    client.seed(StatefulSets, statefulSet())
    client.seed(ControllerRevisions, ...seeds)
    const ending = new AbortController()
    const { signal } = ending
    const clock = new ManualClock()
    const cache = informer(client, ControllerRevisions, { log: silentLog, clock, signal })
    const history = new RevisionHistory({ client, controllerRevisions: cache, clock })
    await cache.synced
    return { client, history, signal, [Symbol.dispose]: () => ending.abort() }
  }

  test('makes the first revision, and knows it again', async () => {
    using trial = await start()
    const { history, signal, client } = trial
    const first = await history.latest(ownerOf(), [], signal)
    expect(first).toMatchObject({ collisionCount: 0, revision: { revision: 1 } })
    await expect.poll(() => history.settled(ownerOf(), signal)).toBe(true)
    const known = await history.of(ownerOf(), signal)
    expect(await history.latest(ownerOf(), known, signal)).toEqual(first)
    expect(client.writes).toHaveLength(1)
  })

  test('is not settled before the cache shows what was written', async () => {
    const [client, cache, clock] = [new MemoryClient(), new LiveCache<ControllerRevision>(silentLog), new ManualClock()]
    const history = new RevisionHistory({ client, controllerRevisions: cache, clock })
    const { signal } = new AbortController()
    const { revision } = made(await history.latest(ownerOf(), [], signal))
    expect(await history.settled(ownerOf(), signal)).toBe(false)
    cache.apply(changesTo(undefined, revision))
    expect(await history.settled(ownerOf(), signal)).toBe(true)
  })

  test('gives an old revision the next number when its template comes back', async () => {
    const [first, second] = [stored(ownerOf('one'), 1), stored(ownerOf('two'), 2)]
    using trial = await start(first, second)
    const { history, signal } = trial
    const { revision } = made(await history.latest(ownerOf('one'), await history.of(ownerOf('one'), signal), signal))
    expect([revision.metadata.name, revision.revision]).toEqual([first.metadata.name, 3])
  })

  test('takes another name when its own is taken by another template or owner', async () => {
    const owner = ownerOf('one')
    const taken = stored(owner, 1)
    const earlier = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'earlier', controller: true }
    using trial = await start({ ...taken, metadata: { ...taken.metadata, ownerReferences: [earlier] } })
    const { history, signal } = trial
    const { revision, collisionCount } = made(await history.latest(owner, await history.of(owner, signal), signal))
    expect(collisionCount).toBe(1)
    expect(revision.metadata.name).not.toBe(taken.metadata.name)
    expect(templateOf(revision)).toMatchObject(owner.template)
  })

  test('makes none in a namespace that is going away', async () => {
    using trial = await start()
    const { history, signal, client } = trial
    const causes = [{ reason: 'NamespaceTerminating', message: 'namespace default is being terminated' }]
    client.failNext('create', ControllerRevisions, new StatusError(403, 'Forbidden', 'forbidden', { causes }))
    expect(await history.latest(ownerOf(), [], signal)).toBeUndefined()
    client.failNext('create', ControllerRevisions, new StatusError(403, 'Forbidden', 'forbidden'))
    await expect(history.latest(ownerOf(), [], signal)).rejects.toThrow('forbidden')
  })

  test('finds its own revision that the cache did not show', async () => {
    const owner = ownerOf('one')
    const own = stored(owner, 5)
    using trial = await start(own)
    const { history, signal } = trial
    const { revision, collisionCount } = made(await history.latest(owner, [], signal))
    expect([revision.revision, collisionCount]).toEqual([5, 0])
  })

  test('adopts orphans with the labels of the set, and lets go of what it has deleted', async () => {
    const orphan = stored(ownerOf('one'), 1)
    const { ownerReferences: _, ...metadata } = orphan.metadata
    using trial = await start({ ...orphan, metadata })
    const { history, signal, client } = trial
    const [adopted] = await history.of(ownerOf(), signal)
    if (adopted === undefined) throw new Error('not adopted')
    expect(client.peek(ControllerRevisions, `default/${metadata.name}`)?.metadata.ownerReferences).toHaveLength(1)
    await expect.poll(() => history.settled(ownerOf(), signal)).toBe(true)
    await history.remove(ownerOf(), [adopted], signal)
    await expect.poll(() => history.of(ownerOf(), signal)).toEqual([])
  })
})
