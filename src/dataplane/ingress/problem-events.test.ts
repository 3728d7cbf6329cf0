import { expect, test } from 'vitest'
import type { Ingress } from '../../api/kinds/ingress.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import type { Problem } from './problem.ts'
import { ProblemEvents } from './problem-events.ts'

function recorded() {
  const clock = new ManualClock()
  const told: string[] = []
  const events = new ProblemEvents({
    clock,
    events: { event: ({ metadata }, type, { reason, message }) => void told.push(`${metadata.name}: ${type} ${reason} ${message}`) },
  })
  const since = () => told.splice(0)
  return { clock, events, since }
}

function ingress(name: string, uid = name): Ingress {
  const metadata = { namespace: 'default', name, uid, resourceVersion: '1', creationTimestamp: '' }
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: {} }
}

const web = ingress('web')
const missing = (...services: string[]): Problem[] =>
  services.map((service) => ({ ingress: web, reason: 'ServiceNotFound', message: `there is no Service ${service}` }))

test('a problem is told once, again when it has changed, and when all is well again', () => {
  const { events, since } = recorded()
  events.set(missing('a'), [web])
  expect(since()).toEqual(['web: Warning ServiceNotFound there is no Service a'])
  events.set(missing('a'), [web])
  expect(since()).toEqual([])
  events.set([...missing('a', 'b'), { ingress: web, reason: 'InvalidPath', message: 'bad' }], [web])
  expect(since()).toEqual(['web: Warning ServiceNotFound there is no Service a; there is no Service b', 'web: Warning InvalidPath bad'])
  events.set(missing('a', 'b'), [web])
  expect(since()).toEqual([])
  events.set([], [web])
  events.set([], [web])
  expect(since()).toEqual(['web: Normal ProblemsSolved Nothing is wrong with this Ingress any more'])
})

test('one reason is one Event, however many there are', () => {
  const { events, since } = recorded()
  events.set(missing('a', 'b', 'c', 'd', 'e', 'f', 'g', 'a'), [web])
  expect(since()).toEqual([expect.stringMatching(/no Service a; .*; there is no Service e; and 2 more like that$/)])
})

test('of an Ingress that has gone nothing is told, and one of the same name begins anew', () => {
  const { events, since } = recorded()
  events.set(missing('a'), [web])
  since()
  events.set([], [])
  events.set([], [ingress('web', 'another')])
  expect(since()).toEqual([])
})

test('a problem that lasts is told every half an hour', () => {
  const { clock, events, since } = recorded()
  events.set(missing('a'), [web])
  since()
  clock.advance(1_800_000)
  expect(since()).toEqual(['web: Warning ServiceNotFound there is no Service a'])
  events.set([], [web])
  since()
  clock.advance(3_600_000)
  expect(since()).toEqual([])
})

test('many at once are told one after the other, and those that have been solved meanwhile not at all', () => {
  const { clock, events, since } = recorded()
  const many = Array.from({ length: 100 }, (_, index) => ingress(`web-${index}`))
  const problems = many.map((each): Problem => ({ ingress: each, reason: 'InvalidPath', message: 'bad' }))
  events.set(problems, many)
  expect(since()).toHaveLength(50)
  clock.advance(5_000)
  expect(since()).toHaveLength(10)
  events.set([], [])
  clock.advance(60_000)
  expect(since()).toEqual([])
})

test('one that changes all the time does not keep others from being told', () => {
  const { clock, events, since } = recorded()
  const other = ingress('other')
  for (let change = 0; change < 1_000; change += 1) events.set(missing(`a-${change}`), [web, other])
  expect(since()).toHaveLength(50)
  events.set([...missing('last'), { ingress: other, reason: 'InvalidPath', message: 'bad' }], [web, other])
  clock.advance(1_000)
  expect(since()).toEqual(['web: Warning ServiceNotFound there is no Service last', 'other: Warning InvalidPath bad'])
})
