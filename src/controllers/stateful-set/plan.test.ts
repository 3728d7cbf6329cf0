import { describe, expect, test } from 'vitest'
import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import type { StatefulSet } from '../../api/kinds/stateful-set.ts'
import { pod } from '../fixtures.ts'
import { statefulSet } from '../set-fixtures.ts'
import { isHeldBack, plan } from './plan.ts'

const now = new Date('2026-01-01T01:00:00Z')
const update = { metadata: { name: 'web-new' } } as ControllerRevision

/**
 * `1 old unready`: web-1, a pod of the update's revision that is ready, unless its words say otherwise; `nameless` lacks
 * the label of its name, `young` has been ready for 10 seconds.
 */
function podOf(text: string) {
  const [member = '', ...words] = text.split(' ')
  const name = member.includes('-') ? member : `web-${member}`
  const is = (word: string) => words.includes(word)
  const revision = is('old') ? 'web-old' : 'web-new'
  const since = is('young') ? '2026-01-01T00:59:50Z' : '2026-01-01T00:00:00Z'
  const phase = is('failed') ? 'Failed' : is('succeeded') ? 'Succeeded' : is('pending') ? 'Pending' : 'Running'
  const status = is('unready') || phase !== 'Running' ? 'False' : 'True'
  return pod({
    name,
    labels: {
      app: 'kubia',
      'controller-revision-hash': revision,
      ...(is('nameless') ? {} : { 'statefulset.kubernetes.io/pod-name': name }),
    },
    status: { phase, conditions: [{ type: 'Ready', status, lastTransitionTime: since }] },
    meta: is('terminating') ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {},
  })
}

/** `create 1, delete web-3, repair web-0` */
function planned(spec: Partial<StatefulSet['spec']>, pods: string): string {
  const present = pods === '' ? [] : pods.split(', ').map(podOf)
  const result = plan({ set: statefulSet(spec), pods: present, update, now })
  const named = (verb: 'delete' | 'repair') => result[verb].map(({ metadata }) => `${verb} ${metadata.name}`)
  return [...result.create.map((ordinal) => `create ${ordinal}`), ...named('delete'), ...named('repair')].join(', ')
}

interface Case {
  readonly name: string
  readonly spec?: Partial<StatefulSet['spec']>
  /** With commas between them. */
  readonly pods: string
  readonly steps: string
}

const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })

const ordered: Case[] = [
  { name: 'the first pod first', pods: '', steps: 'create 0' },
  { name: 'no second before the first runs', pods: '0 pending', steps: '' },
  { name: 'no second before the first is ready', pods: '0 unready', steps: '' },
  { name: 'the second when the first is ready', pods: '0', steps: 'create 1' },
  { name: 'no second before the first is available', spec: { minReadySeconds: 30 }, pods: '0 young', steps: '' },
  { name: 'a lost one before what is above it', pods: '0, 2', steps: 'create 1' },
  { name: 'nothing while one below is in trouble', pods: '0 unready, 1', steps: '' },
  { name: 'nothing while one is going', pods: '0, 1 terminating, 2', steps: '' },
  { name: 'a failed one away', pods: '0, 1 failed, 2', steps: 'delete web-1' },
  { name: 'a succeeded one away', pods: '0 succeeded', steps: 'delete web-0' },
  { name: 'a failed one that is going is waited for', pods: '0 failed terminating', steps: '' },
  { name: 'nothing when all is well', pods: '0, 1, 2', steps: '' },
  { name: 'the name’s label back', pods: '0 nameless, 1', steps: 'create 2, repair web-0' },
  { name: 'no label on one that goes', spec: { replicas: 1 }, pods: '0 old nameless', steps: 'delete web-0' },
  { name: 'the last one away when there are too many', pods: '0, 1, 2, 3, 4', steps: 'delete web-4' },
  { name: 'no other while that is going', pods: '0, 1, 2, 3, 4 terminating', steps: '' },
  { name: 'ordinals as numbers', spec: { replicas: 0 }, pods: '9, 10', steps: 'delete web-10' },
  { name: 'not the last while one below it that goes is in trouble', pods: '0, 1, 2, 3 unready, 4 unready', steps: '' },
  { name: 'the last though in trouble, if it alone is', pods: '0, 1, 2, 3, 4 unready', steps: 'delete web-4' },
  { name: 'none away while one that stays is in trouble', pods: '0 unready, 1, 2, 3', steps: '' },
  { name: 'from another start', spec: { ordinals: { start: 5 }, replicas: 2 }, pods: '5', steps: 'create 6' },
  {
    name: 'what is below a new start away, last',
    spec: { ordinals: { start: 1 }, replicas: 1 },
    pods: '0, 1',
    steps: 'delete web-0',
  },
  { name: 'no pod that is named otherwise', spec: { replicas: 1 }, pods: '0, 01, x, db-3', steps: '' },
  { name: 'the highest old one away', pods: '0 old, 1 old, 2 old', steps: 'delete web-2' },
  { name: 'the next when that is back', pods: '0 old, 1 old, 2', steps: 'delete web-1' },
  { name: 'not the next while it is unready', pods: '0 old, 1 old, 2 unready', steps: '' },
  { name: 'scaling before updating', pods: '0 old, 1 old', steps: 'create 2' },
  { name: 'scaling down before updating', spec: { replicas: 1 }, pods: '0 old, 1 old', steps: 'delete web-1' },
  {
    name: 'two at a time',
    spec: rolling({ maxUnavailable: 2 }),
    pods: '0 old, 1 old, 2 old',
    steps: 'delete web-2, delete web-1',
  },
  {
    name: 'a share of them, rounded down',
    spec: rolling({ maxUnavailable: '60%' }),
    pods: '0 old, 1 old, 2 old',
    steps: 'delete web-2',
  },
  {
    name: 'one of a share that is less than one',
    spec: rolling({ maxUnavailable: '1%' }),
    pods: '0 old, 1, 2',
    steps: 'delete web-0',
  },
  { name: 'none below the partition', spec: rolling({ partition: 2 }), pods: '0 old, 1 old, 2', steps: '' },
  {
    name: 'those from the partition on',
    spec: rolling({ partition: 2 }),
    pods: '0 old, 1 old, 2 old',
    steps: 'delete web-2',
  },
  { name: 'none above all of them', spec: rolling({ partition: 7 }), pods: '0 old, 1 old, 2 old', steps: '' },
  { name: 'none unasked', spec: { updateStrategy: { type: 'OnDelete' } }, pods: '0 old, 1 old, 2 old', steps: '' },
]

const parallel: Case[] = [
  { name: 'all at once', pods: '', steps: 'create 0, create 1, create 2' },
  { name: 'whatever the others do', pods: '1 unready, 2 terminating', steps: 'create 0' },
  {
    name: 'all that are too many away at once',
    spec: { replicas: 1 },
    pods: '0 unready, 1, 2 terminating, 3 unready',
    steps: 'delete web-3, delete web-1',
  },
  { name: 'failed ones away', pods: '0 failed, 1 succeeded, 2', steps: 'delete web-0, delete web-1' },
  {
    name: 'labels back, but not on those that go',
    spec: { replicas: 2 },
    pods: '0 nameless, 1 nameless failed',
    steps: 'delete web-1, repair web-0',
  },
  { name: 'updates one at a time', pods: '0 old, 1 old, 2 old', steps: 'delete web-2' },
  { name: 'not the next while one is out of service', pods: '0 old, 1 old, 2 unready', steps: '' },
  { name: 'not the next while one is missing', pods: '0 old, 1 old', steps: 'create 2' },
  {
    name: 'old ones that are of no use at once',
    pods: '0 old unready, 1 old pending, 2 old',
    steps: 'delete web-1, delete web-0',
  },
  {
    name: 'of what is left of the allowance',
    spec: rolling({ maxUnavailable: 2 }),
    pods: '0 old, 1 old unready, 2 old',
    steps: 'delete web-1, delete web-2',
  },
]

describe('in order', () => {
  test.each(ordered)('$name', ({ spec = {}, pods, steps }) => expect(planned(spec, pods)).toBe(steps))
})

describe('in parallel', () => {
  test.each(parallel)('$name', ({ spec = {}, pods, steps }) => {
    expect(planned({ podManagementPolicy: 'Parallel', ...spec }, pods)).toBe(steps)
  })
})

test('of a great many only as many are planned as can be made in one go', () => {
  const spec = { podManagementPolicy: 'Parallel', replicas: 2 ** 31 - 1 }
  const { create } = plan({ set: statefulSet(spec), pods: [podOf('0')], update, now })
  expect([create.length, create[0]]).toEqual([500, 1])
})

test.each([
  { name: 'below the partition', spec: rolling({ partition: 2 }), held: [true, true, false] },
  { name: 'by place', spec: { ...rolling({ partition: 1 }), ordinals: { start: 1 } }, held: [true, true, false] },
  { name: 'as many as there were', spec: { updateStrategy: { type: 'RollingUpdate' } }, held: [true, false, false] },
  { name: 'none that is deleted by hand', spec: { updateStrategy: { type: 'OnDelete' } }, held: [false, false, false] },
])('missing pods are made as before the update: $name', ({ spec, held }) => {
  const set: StatefulSet = { ...statefulSet(spec), status: { replicas: 1, currentReplicas: 1 } }
  expect([0, 1, 2].map((ordinal) => isHeldBack(set, ordinal))).toEqual(held)
})
