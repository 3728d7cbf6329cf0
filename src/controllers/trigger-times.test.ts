import { expect, test } from 'vitest'
import type { Pod } from '../api/kinds/pod.ts'
import { pod, service } from './fixtures.ts'
import { TriggerTimes } from './trigger-times.ts'

const minute = (minutes: number) => `2026-01-01T00:${String(minutes).padStart(2, '0')}:00Z`

function pods(times: Readonly<Record<string, number>>): Pod[] {
  return Object.entries(times).map(([name, minutes]) =>
    pod({
      name,
      status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: minute(minutes) }] },
    }),
  )
}

for (const { name, before, after, time } of [
  { name: 'nothing new', before: { a: 1 }, after: { a: 1 }, time: undefined },
  { name: 'a pod that changed', before: { a: 1, b: 2 }, after: { a: 1, b: 3 }, time: minute(3) },
  { name: 'the earlier of two', before: { a: 1, b: 2 }, after: { a: 5, b: 4 }, time: minute(4) },
  { name: 'a pod that came', before: { a: 4 }, after: { a: 4, b: 3 }, time: minute(3) },
  { name: 'a pod that left', before: { a: 1, b: 2 }, after: { a: 1 }, time: undefined },
]) {
  test(name, () => {
    const times = new TriggerTimes()
    expect(times.next(service(), pods(before))).toBe(minute(0))
    expect(times.next(service(), pods(after))).toBe(time)
    expect(times.next(service(), pods(after))).toBeUndefined()
  })
}

test('pods without a time tell none', () => {
  const times = new TriggerTimes()
  times.next(service(), [])
  expect(times.next(service(), [pod({ status: { conditions: [] } })])).toBeUndefined()
})

test('a Service that was made anew tells when', () => {
  const times = new TriggerTimes()
  times.next(service(), [])
  const anew = service({ meta: { creationTimestamp: minute(7) } })
  expect(times.next(anew, [])).toBe(minute(7))
  times.forget('default/kubia')
  expect(times.next(anew, [])).toBe(minute(7))
})
