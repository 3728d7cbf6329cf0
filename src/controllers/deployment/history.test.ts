import { expect, test } from 'vitest'
import { deployment, replicaSet } from './fixtures.ts'
import { setsToForget } from './history.ts'
import { rolloutOf } from './rollout.ts'

const old = (revision: number, options: Parameters<typeof replicaSet>[2] = {}) =>
  replicaSet(`r${revision}`, 0, { annotations: { 'deployment.kubernetes.io/revision': String(revision) }, ...options })
const present = replicaSet('now', 3)

for (const { name, limit, sets, forgets } of [
  { name: 'as many as are to be kept', limit: 2, sets: [old(1), old(2)], forgets: [] },
  { name: 'the oldest revisions', limit: 1, sets: [old(3, { age: 9 }), old(1), old(2)], forgets: ['r1', 'r2'] },
  { name: 'all', limit: 0, sets: [old(1), old(2)], forgets: ['r1', 'r2'] },
  { name: 'none without a limit', limit: 2 ** 31 - 1, sets: [old(1), old(2)], forgets: [] },
  { name: 'not one with pods', limit: 0, sets: [old(1, { pods: 1 }), old(2)], forgets: ['r2'] },
  { name: 'not one that has not taken in its size', limit: 0, sets: [old(1, { meta: { generation: 2 } })], forgets: [] },
  { name: 'not one that is being deleted', limit: 0, sets: [old(1, { meta: { deletionTimestamp: 'now' } })], forgets: [] },
]) {
  test(`forgets ${name}`, () => {
    const rollout = rolloutOf(deployment({ text: 'now', spec: { revisionHistoryLimit: limit } }), [...sets, present])
    expect(setsToForget(rollout).map(({ metadata }) => metadata.name.replace('kubia-', ''))).toEqual(forgets)
  })
}
