import { expect, test } from 'vitest'
import { mostResembling, resembles } from './resemblance.ts'

test.each([
  ['kubia', 'kubai', true],
  ['Kubia', 'kubia', true],
  ['kub', 'kubia', true],
  ['web', 'app', false],
  ['a', 'b', false],
  ['Job', 'Pod', false],
  ['app', 'api', true],
  ['kubia', 'kubiaabc', true],
  ['kubia', 'nginx', false],
])('%s and %s: %s', (a, b, wanted) => {
  expect([resembles(a, b), resembles(b, a)]).toEqual([wanted, wanted])
})

test('the nearest is chosen, and none if none is near', () => {
  expect(mostResembling('prots', ['port', 'ports', 'protocol'])).toBe('ports')
  expect(mostResembling('targetport', ['targetPort', 'port'])).toBe('targetPort')
  expect(mostResembling('colour', ['ports', 'selector'])).toBeUndefined()
})
