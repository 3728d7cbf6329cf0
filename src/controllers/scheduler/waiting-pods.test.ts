import { expect, test } from 'vitest'
import { ManualClock } from '../../base/manual-clock.ts'
import type { Rejection } from './decide.ts'
import type { FilterName } from './filter.ts'
import { WaitingPods } from './waiting-pods.ts'

const rejection = (message = 'full', ...refusedBy: FilterName[]): Rejection => ({
  outcome: 'fits nowhere',
  message,
  refusedBy: new Set(refusedBy.length === 0 ? ['NodeResourcesFit'] : refusedBy),
  preemption: { outcome: 'useless', why: '' },
})

function open() {
  const clock = new ManualClock()
  const waiting = new WaitingPods(clock)
  const woken: string[] = []
  waiting.subscribe((key) => void woken.push(key))
  /** A pod that was tried, and failed. */
  const add = (key: string, group = 'g', given = rejection(), version = 1) =>
    waiting.add(key, group, { rejection: given, version })
  /** The keys woken since the last time. */
  const news = () => woken.splice(0)
  return { clock, waiting, add, news }
}

test('of many equal pods one is tried, and the next only if that fits', () => {
  const { waiting, add, news } = open()
  for (let at = 0; at < 1000; at += 1) add(`p${at}`)
  waiting.changed('pod went')
  expect(news()).toEqual(['p0'])
  waiting.placed('p0', 'g')
  expect(news()).toEqual(['p1'])
  add('p1')
  expect(news()).toEqual([])
  waiting.changed('pod went')
  expect(news()).toEqual(['p2'])
})

test('one is tried at a time, however much changes; another takes its turn if it goes', () => {
  const { waiting, add, news } = open()
  for (const key of ['a', 'b', 'c']) add(key)
  for (let change = 0; change < 50; change += 1) waiting.changed('node')
  expect(news()).toEqual(['a'])
  waiting.remove('b')
  expect(news()).toEqual([])
  waiting.remove('a')
  expect(news()).toEqual(['c'])
})

test('a pod that overtakes those that wait shows that there may be room for them', () => {
  const { waiting, add, news } = open()
  add('a')
  waiting.placed('new', 'g')
  expect(news()).toEqual(['a'])
})

test('only those are tried that a change may help', () => {
  const { waiting, add, news } = open()
  add('big', 'big', rejection('x', 'NodeResourcesFit'))
  add('lonely', 'lonely', rejection('x', 'InterPodAffinity', 'TaintToleration'))
  add('elsewhere', 'elsewhere', rejection('x', 'NodeAffinity'))
  const helped = (change: Parameters<typeof waiting.changed>[0]) => {
    waiting.changed(change)
    const keys = news()
    for (const [key, filter] of [['big', 'NodeResourcesFit'], ['lonely', 'InterPodAffinity'], ['elsewhere', 'NodeAffinity']] as const) {
      add(key, key, rejection('x', filter))
    }
    return keys
  }
  expect(helped('pod went')).toEqual(['big', 'lonely'])
  expect(helped('pod came')).toEqual(['lonely'])
  expect(helped('namespace changed')).toEqual(['lonely'])
  expect(helped('node')).toEqual(['big', 'lonely', 'elsewhere'])
})

test('a group may be tried again 100 ms after it failed, then twice as late each time, up to 10 s', () => {
  const { clock, waiting, add } = open()
  const delays: number[] = []
  for (let failure = 0; failure < 9; failure += 1) {
    add('a')
    delays.push(waiting.backoffMs('a', 'g'))
    clock.advance(delays.at(-1) ?? 0)
    expect(waiting.backoffMs('a', 'g')).toBe(0)
  }
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('success, other demands, and being new end the wait', () => {
  const { waiting, add } = open()
  for (let failure = 0; failure < 5; failure += 1) add('a')
  add('b')
  expect([waiting.backoffMs('new', 'g'), waiting.backoffMs('a', 'of other demands now')]).toEqual([0, 0])
  waiting.placed('new', 'g')
  expect(waiting.backoffMs('a', 'g')).toBe(0)
  add('a')
  expect(waiting.backoffMs('a', 'g')).toBe(100)
})

test('what was found out of one holds of its equals as long as nothing changes, and is no failure of theirs', () => {
  const { waiting, add } = open()
  add('a', 'g', rejection('full'), 7)
  const known = waiting.known('g', 7)
  expect(known?.rejection.message).toBe('full')
  expect([waiting.known('g', 8), waiting.known('h', 7)]).toEqual([undefined, undefined])
  if (known !== undefined) for (const key of ['b', 'c', 'd']) waiting.add(key, 'g', known)
  expect(waiting.backoffMs('d', 'g')).toBe(100)
  for (const key of ['a', 'b', 'c', 'd']) waiting.remove(key)
  expect(waiting.known('g', 7)).toBeUndefined()
})

test('the others of a group are told when it is refused for another reason', () => {
  const { add, news } = open()
  for (const key of ['a', 'b', 'c']) add(key)
  add('b', 'g', rejection('full'), 2)
  expect(news()).toEqual([])
  add('b', 'g', rejection('tainted'), 3)
  expect(news()).toEqual(['a', 'c'])
})
