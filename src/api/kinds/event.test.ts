import { expect, test } from 'vitest'
import { eventKind } from './event.ts'
import { created, createProblems, row } from './kind-trial.ts'
import { leaseKind } from './lease.ts'
import { serviceAccountKind } from './service-account.ts'

const involvedObject = { kind: 'Pod', name: 'kubia-x', namespace: 'default' }
const newer = {
  involvedObject,
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingComponent: 'portolan.io/agent',
  reportingInstance: 'node-1',
  action: 'Pulling',
  reason: 'Pulling',
}

for (const { name, event, problems } of [
  { name: 'one of the older kind', event: { involvedObject }, problems: [] },
  { name: 'one of a node', event: { involvedObject: { kind: 'Node', name: 'node-1' } }, problems: [] },
  {
    name: 'one of an object elsewhere',
    event: { involvedObject: { ...involvedObject, namespace: 'shop' } },
    problems: ['involvedObject.namespace: Invalid value: "shop": does not match event.namespace'],
  },
  { name: 'one of the newer kind', event: newer, problems: [] },
  {
    name: 'one of the newer kind with too little and too much',
    event: { ...newer, reportingComponent: '', action: '', reason: 'x'.repeat(129) },
    problems: [
      'reportingController: Required value',
      expect.stringMatching(/^reportingController: Invalid value: "": name part must be non-empty/),
      expect.stringMatching(/^reportingController: Invalid value: "": name part must consist of/),
      'action: Required value',
      'reason: Invalid value: "": can have at most 128 characters',
    ],
  },
] as { name: string; event: object; problems: string[] }[]) {
  test(`Event: ${name}`, () => expect(createProblems(eventKind, event)).toEqual(problems))
}

test('the rows of events, older and newer', () => {
  const older = {
    involvedObject: { ...involvedObject, fieldPath: 'spec.containers{main}' },
    type: 'Warning',
    reason: 'BackOff',
    message: ' Back-off restarting \n',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: '2025-12-31T23:51:00Z',
    lastTimestamp: '2026-01-01T00:00:30Z',
    count: 7,
  }
  expect(Object.entries(row(eventKind, created(eventKind, older)))).toEqual([
    ['Last Seen', '30s'],
    ['Type', 'Warning'],
    ['Reason', 'BackOff'],
    ['Object', 'pod/kubia-x'],
    ['Subobject', 'spec.containers{main}'],
    ['Source', 'kubelet, node-1'],
    ['Message', 'Back-off restarting'],
    ['First Seen', '10m'],
    ['Count', 7],
    ['Name', 'web'],
  ])
  const series = { count: 3, lastObservedTime: '2026-01-01T00:00:50.000000Z' }
  const cells = { 'Last Seen': '10s', 'First Seen': '60s', Count: 3, Source: 'portolan.io/agent, node-1' }
  expect(row(eventKind, created(eventKind, { ...newer, series }))).toMatchObject(cells)
  expect(row(eventKind, created(eventKind, newer))).toMatchObject({ 'Last Seen': '60s', Count: 1 })
})

test('events can be selected by what they are of', () => {
  const event = created(eventKind, { involvedObject, reason: 'BackOff', source: { component: 'kubelet' } })
  expect(eventKind.selectableFields?.(event)).toMatchObject({
    'involvedObject.name': 'kubia-x',
    'involvedObject.uid': '',
    reason: 'BackOff',
    source: 'kubelet',
  })
})

test('a lease lasts, and says who holds it', () => {
  expect(createProblems(leaseKind, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: 'b' } })).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    'spec.preferredHolder: Invalid value: "b": may only be specified when `strategy` is defined',
  ])
  const lease = created(leaseKind, { spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40 } })
  expect(row(leaseKind, lease)).toEqual({ Name: 'web', Holder: 'node-1', Age: '60s' })
})

test('the row of a service account', () => {
  const account = created(serviceAccountKind, { secrets: [{ name: 'token' }] })
  expect(row(serviceAccountKind, account)).toEqual({ Name: 'web', Secrets: 1, Age: '60s' })
})
