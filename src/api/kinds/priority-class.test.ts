import { expect, test } from 'vitest'
import { created, createProblems, row, updateProblems } from './kind-trial.ts'
import { priorityClassKind as kind } from './priority-class.ts'

const reserved = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "

for (const { name, draft, problems } of [
  { name: 'a plain one', draft: { value: 100 }, problems: [] },
  { name: 'the highest that users may have', draft: { value: 1_000_000_000 }, problems: [] },
  {
    name: 'a higher one',
    draft: { value: 1_000_000_001 },
    problems: ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  },
  {
    name: 'an unknown policy',
    draft: { value: 1, preemptionPolicy: 'Sometimes' },
    problems: [
      'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
    ],
  },
  {
    name: 'one of the system',
    draft: { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 },
    problems: [],
  },
  {
    name: 'one that the system does not have',
    draft: { metadata: { name: 'system-x' }, value: 1 },
    problems: [`${reserved}system-x is not a known system priority class`],
  },
  {
    name: 'one of the system with another value',
    draft: { metadata: { name: 'system-cluster-critical' }, value: 1 },
    problems: [`${reserved}value of system-cluster-critical PriorityClass must be 2000000000`],
  },
  {
    name: 'one of the system for everybody',
    draft: { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000, globalDefault: true },
    problems: [`${reserved}globalDefault of system-cluster-critical PriorityClass must be false`],
  },
] as { name: string; draft: object; problems: string[] }[]) {
  test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
}

test('value and policy stay, what it is for does not', () => {
  const previous = created(kind, { value: 100 })
  expect(previous).toMatchObject({ metadata: { generation: 1 }, preemptionPolicy: 'PreemptLowerPriority' })
  expect(updateProblems(kind, previous, { value: 100, description: 'x', globalDefault: true })).toEqual([])
  expect(updateProblems(kind, previous, { value: 101, preemptionPolicy: 'Never' })).toEqual([
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ])
})

test('its row', () => {
  expect(Object.entries(row(kind, created(kind, { value: 100 })))).toEqual([
    ['Name', 'web'],
    ['Value', 100],
    ['Global-Default', false],
    ['Age', '60s'],
    ['PreemptionPolicy', 'PreemptLowerPriority'],
  ])
})
