import { expect, test } from 'vitest'
import { pod } from './fixtures.ts'
import { podsToDelete } from './pod-ranking.ts'

const now = new Date('2026-01-02T00:00:00Z')
const readyAt = (time: string) => ({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] })
const restarted = (restartCount: number) => ({
  containerStatuses: [{ name: 'main', image: '', imageID: '', ready: true, restartCount }],
})
const born = (creationTimestamp: string) => ({ creationTimestamp })

for (const { name, first, then } of [
  { name: 'unassigned before assigned', first: { nodeName: '' }, then: { nodeName: 'node-1' } },
  { name: 'pending before running', first: { status: { phase: 'Pending' } }, then: {} },
  { name: 'unknown before running', first: { status: { phase: 'Unknown' } }, then: {} },
  { name: 'unready before ready', first: { ready: false }, then: { ready: true } },
  {
    name: 'cheap before costly',
    first: { meta: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } } },
    then: {},
  },
  {
    name: 'ready for a short time before ready for long',
    first: { status: readyAt('2026-01-01T23:59:00Z') },
    then: { status: readyAt('2026-01-01T00:00:00Z') },
  },
  { name: 'many restarts before few', first: { status: restarted(4) }, then: { status: restarted(1) } },
  {
    name: 'young before old',
    first: { meta: born('2026-01-01T23:59:00Z') },
    then: { meta: born('2026-01-01T00:00:00Z') },
  },
  {
    name: 'assignment counts more than readiness',
    first: { nodeName: '', ready: true },
    then: { nodeName: 'node-1', ready: false },
  },
]) {
  test(name, () => {
    const [a, b] = [pod({ ...first, name: 'first' }), pod({ ...then, name: 'then' })]
    for (const pods of [[a, b], [b, a]]) {
      expect(podsToDelete(pods, 1, { related: [], now }).map(({ metadata }) => metadata.name)).toEqual(['first'])
    }
  })
}

test('of two nodes the one with more of the related pods loses one', () => {
  const pods = [pod({ name: 'a', nodeName: 'node-1' }), pod({ name: 'b', nodeName: 'node-2' })]
  const related = [...pods, pod({ name: 'c', nodeName: 'node-2' })]
  expect(podsToDelete(pods, 1, { related, now }).map(({ metadata }) => metadata.name)).toEqual(['b'])
})
