import { describe, expect, test } from 'vitest'
import type { DaemonSet } from '../../api/kinds/daemon-set.ts'
import { pod } from '../fixtures.ts'
import { daemonSet } from '../set-fixtures.ts'
import { podsByNode, type DaemonState } from './node-pods.ts'
import { planPresence } from './presence.ts'
import { planRollout } from './rollout.ts'
import { daemonSetStatus } from './status.ts'
import type { Suitability } from './suitability.ts'

/**
 * `a-old@1 old unready`: a pod on node 1, of the newest template and available unless its words say otherwise; `young`
 * has been ready for 10 seconds, `unbound` waits for its node, the later its name the younger it is.
 */
function daemonPod(text: string) {
  const [where = '', ...words] = text.split(' ')
  const [name = '', node = ''] = where.split('@')
  const is = (word: string) => words.includes(word)
  const phase = is('failed') ? 'Failed' : is('succeeded') ? 'Succeeded' : 'Running'
  const status = is('unready') || phase !== 'Running' ? 'False' : 'True'
  const since = is('young') ? '2026-01-01T00:59:50Z' : '2026-01-01T00:00:00Z'
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }]
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } }
  return pod({
    name,
    nodeName: is('unbound') ? '' : node,
    labels: { 'controller-revision-hash': is('old') ? 'before' : 'now' },
    spec: is('unbound') ? { affinity: { nodeAffinity: required } } : {},
    status: { phase, conditions: [{ type: 'Ready', status, lastTransitionTime: since }] },
    meta: {
      creationTimestamp: `2026-01-01T00:00:${String(name.charCodeAt(0) - 97).padStart(2, '0')}Z`,
      ...(is('terminating') ? { deletionTimestamp: '2026-01-01T00:59:00Z' } : {}),
    },
  })
}

const one = { 1: 'wanted' } as const

interface Given {
  /** Nodes 1, 2 and 3 unless given. */
  readonly nodes?: Readonly<Record<string, Suitability>>
  readonly spec?: Partial<DaemonSet['spec']>
  /** With commas between them. */
  readonly pods: string
}

function stateOf({ nodes = { 1: 'wanted', 2: 'wanted', 3: 'wanted' }, spec = {}, pods }: Given): DaemonState {
  return {
    set: daemonSet(spec),
    hash: 'now',
    nodes: new Map(Object.entries(nodes)),
    pods: podsByNode(pods === '' ? [] : pods.split(', ').map(daemonPod)),
    now: new Date('2026-01-01T01:00:00Z'),
  }
}

/** `create 1, delete a, ended b` */
function presence(given: Given): string {
  const { create, delete: gone, ended } = planPresence(stateOf(given))
  return [
    ...create.map((node) => `create ${node}`),
    ...gone.map(({ metadata }) => `delete ${metadata.name}`),
    ...ended.map(({ nodeName, pod: { metadata } }) => `ended ${metadata.name} on ${nodeName}`),
  ].join(', ')
}

function rollout(given: Given): string {
  const { create, delete: gone } = planRollout(stateOf(given))
  return [...create.map((node) => `create ${node}`), ...gone.map(({ metadata }) => `delete ${metadata.name}`)].join(', ')
}

const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
const surge = rolling({ maxUnavailable: 0, maxSurge: 1 })

describe('a pod on every node', () => {
  test.each<Given & { name: string; steps: string }>([
    { name: 'is made where there is none', pods: 'a@2', steps: 'create 1, create 3' },
    { name: 'is not made where one is going', nodes: one, pods: 'a@1 terminating', steps: '' },
    { name: 'is made where one has ended and is going', nodes: one, pods: 'a@1 failed terminating', steps: 'create 1' },
    { name: 'may wait for its node', nodes: one, pods: 'a@1 unbound unready', steps: '' },
    { name: 'is the oldest one of several', nodes: one, pods: 'b@1, a@1, c@1', steps: 'delete b, delete c' },
    { name: 'is one that has its node before one that waits', nodes: one, pods: 'a@1 unbound, b@1', steps: 'delete a' },
    { name: 'is replaced when it failed', nodes: one, pods: 'a@1 failed', steps: 'ended a on 1' },
    { name: 'is replaced when it succeeded', nodes: one, pods: 'a@1 succeeded, b@1', steps: 'ended a on 1' },
    {
      name: 'goes from a node that must not have it',
      nodes: { 1: 'none' },
      pods: 'a@1, b@1 terminating',
      steps: 'delete a',
    },
    { name: 'stays where it only would not be started', nodes: { 1: 'kept', 2: 'kept' }, pods: 'a@1', steps: '' },
    { name: 'goes when its node is gone before it was there', nodes: {}, pods: 'a@1 unbound, b@1', steps: 'delete a' },
    { name: 'may be two, old and new', nodes: one, spec: surge, pods: 'a@1 old, b@1 unready', steps: '' },
    { name: 'is the new one when that serves', nodes: one, spec: surge, pods: 'a@1 old, b@1', steps: 'delete a' },
    {
      name: 'is the new one only when it has served for long enough',
      nodes: one, spec: { ...surge, minReadySeconds: 30 },
      pods: 'a@1 old, b@1 young',
      steps: '',
    },
    {
      name: 'is the new one when the old one does not serve',
      nodes: one, spec: surge,
      pods: 'a@1 old unready, b@1 unready',
      steps: 'delete a',
    },
    {
      name: 'is one of each when there are more',
      nodes: one, spec: surge,
      pods: 'a@1 old, b@1 old, c@1 unready, d@1',
      steps: 'delete b, delete d',
    },
    {
      name: 'comes beside one that is going, if two are allowed',
      nodes: one, spec: surge,
      pods: 'a@1 terminating',
      steps: 'create 1',
    },
    { name: 'does not come beside one that failed', nodes: one, spec: surge, pods: 'a@1 failed', steps: 'ended a on 1' },
  ])('$name', ({ steps, ...given }) => expect(presence(given)).toBe(steps))
})

describe('a new template', () => {
  const all = 'a@1 old, b@2 old, c@3 old'
  test.each<Given & { name: string; steps: string }>([
    { name: 'replaces one pod at a time', pods: all, steps: 'delete a' },
    { name: 'waits while one is out of service', pods: 'a@1 unready, b@2 old, c@3 old', steps: '' },
    { name: 'waits while one is going', pods: 'a@1 terminating, b@2 old, c@3 old', steps: '' },
    { name: 'waits while one is missing', pods: 'b@2 old, c@3 old', steps: '' },
    { name: 'goes on when it serves', pods: 'a@1, b@2 old, c@3 old', steps: 'delete b' },
    {
      name: 'goes on when it has served for long enough',
      spec: { minReadySeconds: 30 },
      pods: 'a@1 young, b@2 old, c@3 old',
      steps: '',
    },
    { name: 'replaces at once what serves not', pods: 'a@1 old, b@2 old unready, c@3 old unready', steps: 'delete b, delete c' },
    { name: 'does not wait for what a lost node has', pods: `${all}, d@4 old unready`, steps: 'delete a' },
    { name: 'replaces as many as allowed', spec: rolling({ maxUnavailable: 2 }), pods: all, steps: 'delete a, delete b' },
    {
      name: 'replaces a share, rounded up',
      spec: rolling({ maxUnavailable: '34%' }),
      pods: all,
      steps: 'delete a, delete b',
    },
    { name: 'does nothing when all is new', pods: 'a@1, b@2, c@3', steps: '' },
    { name: 'waits for deletes', spec: { updateStrategy: { type: 'OnDelete' } }, pods: all, steps: '' },
    { name: 'comes beside the old one', spec: surge, pods: all, steps: 'create 1' },
    { name: 'comes beside no other meanwhile', spec: surge, pods: `${all}, d@1 unready`, steps: '' },
    { name: 'takes over, and comes beside the next', spec: surge, pods: `${all}, d@1`, steps: 'create 2, delete a' },
    {
      name: 'comes beside all that do not serve',
      spec: surge,
      pods: 'a@1 old, b@2 old unready, c@3 old unready',
      steps: 'create 2, create 3, create 1',
    },
    {
      name: 'does not come where it would not be started; the old one stays while it is needed',
      spec: surge,
      nodes: { 1: 'kept', 2: 'wanted' },
      pods: 'a@1 old',
      steps: '',
    },
    {
      name: 'lets the old one go there when enough others serve',
      spec: surge,
      nodes: { 1: 'kept', 2: 'wanted' },
      pods: 'a@1 old, b@2',
      steps: 'delete a',
    },
    {
      name: 'lets the old one go there when it does not serve',
      spec: surge,
      nodes: { 1: 'kept', 2: 'wanted' },
      pods: 'a@1 old unready',
      steps: 'delete a',
    },
  ])('$name', ({ steps, ...given }) => expect(rollout(given)).toBe(steps))
})

test('the status counts nodes', () => {
  const nodes = { 1: 'wanted', 2: 'wanted', 3: 'wanted', 4: 'wanted', 5: 'kept', 6: 'none' } as const
  const pods = 'a@1, b@2 old young, c@3 unready, d@5 old, e@1 unready'
  const state = stateOf({ nodes, spec: { minReadySeconds: 30 }, pods })
  expect(daemonSetStatus(state, 0)).toEqual({
    desiredNumberScheduled: 4,
    currentNumberScheduled: 3,
    numberMisscheduled: 1,
    numberReady: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 1,
    numberUnavailable: 3,
    observedGeneration: 1,
  })
  expect(daemonSetStatus(stateOf({ nodes: {}, pods: '' }), 2)).toEqual({
    desiredNumberScheduled: 0,
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    observedGeneration: 1,
    collisionCount: 2,
  })
})
