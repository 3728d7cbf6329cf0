import { expect, test } from 'vitest'
import { serverCommands } from './runtime-changes.ts'
import type { Slots } from './slots.ts'

const one = '10.0.0.1:80'
const two = '10.0.0.2:80'
const three = '10.0.0.3:80'
const of = (...slots: Slots) => new Map([['web', slots]])
const filled = (index: number, address: string) => [
  `set server web/s${index} addr ${address.replace(':', ' port ')}`,
  `set server web/s${index} state ready`,
]
const emptied = (index: number) => `set server web/s${index} state maint`

test.for([
  ['nothing changes', of(one, undefined), of(one, undefined), []],
  ['one comes', of(one, undefined), of(one, two), filled(2, two)],
  ['one goes', of(one, two), of(one, undefined), [emptied(2)]],
  ['another takes the place of the only one, which goes last', of(one, undefined), of(undefined, two), [...filled(2, two), emptied(1)]],
  ['a slot is used again, before others are emptied', of(one, two), of(three, undefined), [emptied(1), ...filled(1, three), emptied(2)]],
  ['all that is known is that nothing is known', new Map(), of(one, undefined), [emptied(1), ...filled(1, one), emptied(2)]],
] as const)('%s', ([, last, next, commands]) => {
  expect(serverCommands(last, next)).toEqual(commands)
})
