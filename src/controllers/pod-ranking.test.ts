import { expect, test } from 'vitest'
import { pod } from './fixtures.ts'
import { podsToDelete } from './pod-ranking.ts'

const now = new Date('2026-01-02T00:00:00Z')
const readyAt = (time: string) => ({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] })
const restarted = (restartCount: number) => ({
  containerStatuses: [{ name: 'main', image: '', imageID: '', ready: true, restartCount }],
})
const born = (creationTimestamp: string) => ({ creationTimestamp })

for (const { name, first, last } of [
  { name: 'unassigned before assigned', first: { nodeName: '' }, last: { nodeName: 'node-1' } },
  { name: 'pending before running', first: { status: { phase: 'Pending' } }, last: {} },
  { name: 'unknown before running', first: { status: { phase: 'Unknown' } }, last: {} },
  { name: 'unready before ready', first: { ready: false }, last: { ready: true } },
  {
    name: 'cheap before costly',
    first: { meta: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } } },
    last: {},
  },
  {
    name: 'ready for a short time before ready for long',
    first: { status: readyAt('2026-01-01T23:59:00Z') },
    last: { status: readyAt('2026-01-01T00:00:00Z') },
  },
  { name: 'many restarts before few', first: { status: restarted(4) }, last: { status: restarted(1) } },
  {
    name: 'young before old',
    first: { meta: born('2026-01-01T23:59:00Z') },
    last: { meta: born('2026-01-01T00:00:00Z') },
  },
  {
    name: 'assignment counts more than readiness',
    first: { nodeName: '', ready: true },
    last: { nodeName: 'node-1', ready: false },
  },
]) {
  test(name, () => {
    const [a, b] = [pod({ ...first, name: 'first' }), pod({ ...last, name: 'last' })]
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
