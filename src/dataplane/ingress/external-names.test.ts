import { expect, test } from 'vitest'
import { atRest } from '../../base/at-rest.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { ExternalNames } from './external-names.ts'

function world() {
  const clock = new ManualClock()
  const asked: string[] = []
  const state = { addresses: ['198.51.100.7'] as readonly string[] | Error, changes: 0 }
  const names = new ExternalNames({
    clock,
    resolve: async (name) => {
      asked.push(name)
      if (state.addresses instanceof Error) throw state.addresses
      return state.addresses
    },
    onChange: () => void (state.changes += 1),
  })
  return { clock, asked, state, names }
}

test('a name is asked for once, told when it is known, and asked for again later', async () => {
  const { clock, asked, state, names } = world()
  expect(names.get('a.example')).toEqual({ addresses: [] })
  names.get('a.example')
  await atRest()
  expect(names.get('a.example')).toEqual({ addresses: ['198.51.100.7'] })
  expect({ asked, changes: state.changes }).toEqual({ asked: ['a.example'], changes: 1 })
  clock.advance(30_000)
  await atRest()
  expect({ asked: asked.length, changes: state.changes }).toEqual({ asked: 2, changes: 1 })
})

test('one that is not found keeps the addresses that it had, and is asked for again soon', async () => {
  const { clock, asked, state, names } = world()
  names.get('a.example')
  await atRest()
  state.addresses = new Error('nobody knows it')
  clock.advance(30_000)
  await atRest()
  expect(names.get('a.example')).toEqual({ addresses: ['198.51.100.7'], problem: 'nobody knows it' })
  clock.advance(5_000)
  await atRest()
  expect({ asked: asked.length, changes: state.changes }).toEqual({ asked: 3, changes: 2 })
})

test('one that is given up and taken up again is asked for no more often than others', async () => {
  const { clock, asked, names } = world()
  for (let round = 0; round < 3; round += 1) {
    names.get('a.example')
    await atRest()
    names.keepOnly(new Set())
    clock.advance(1_000)
  }
  names.get('a.example')
  await atRest()
  const before = asked.length
  clock.advance(30_000)
  await atRest()
  expect(asked.length - before).toBe(1)
})

test('nobody is asked any more when all are given up', async () => {
  const { clock, names } = world()
  names.get('a.example')
  await atRest()
  names.keepOnly(new Set())
  expect(clock.nextTimerMs).toBeUndefined()
})
