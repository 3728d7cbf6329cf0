import { expect, test } from 'vitest'
import { appliedByAll, type OnApplied } from './applied-by-all.ts'

function plane() {
  const listeners: Parameters<OnApplied>[0][] = []
  const onApplied: OnApplied = (listener) => void listeners.push(listener)
  return { onApplied, applies: (...versions: (string | undefined)[]) => listeners.forEach((tell) => tell(new Map(versions.map((version, index) => [String(index), version])))) }
}

test('what all follow is what the slowest does', () => {
  const [fast, slow] = [plane(), plane()]
  const told: (string | undefined)[] = []
  appliedByAll([fast.onApplied, slow.onApplied])((slices) => told.push(...slices.values()))
  fast.applies('5', '9', undefined)
  expect(told).toEqual([])
  slow.applies('5')
  fast.applies('12')
  slow.applies(undefined)
  slow.applies('12')
  expect(told).toEqual(['5', '12'])
})
