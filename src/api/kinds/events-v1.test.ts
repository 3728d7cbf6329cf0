import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import { decodeObject } from '../schema/decode.ts'
import { readSchema } from '../schema/schema-file.ts'
import { type Event, eventKind } from './event.ts'
import { type EventV1, eventV1View as view } from './events-v1.ts'

const schema = readSchema()
const metadata = {
  name: 'kubia.1',
  namespace: 'default',
  uid: 'f9b1a3c0-0000-4000-8000-000000000000',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
}
const served = (parts: object) => ({ apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata, ...parts }) as EventV1
const stored = (parts: object) => ({ apiVersion: 'v1', kind: 'Event', metadata, ...parts }) as Event

const word = fc.constantFrom('kubia', 'Pod', '')
const time = fc.constant('2026-01-01T00:00:00Z')
const microTime = fc.constant('2026-01-01T00:00:00.000000Z')
const optional = { requiredKeys: [] as [] }
const reference = fc.record({ kind: word, namespace: word, name: word, uid: word, fieldPath: word }, optional)
const source = fc.record({ component: word, host: word }, optional)
const series = fc.record({ count: fc.nat(), lastObservedTime: microTime })
const common = {
  action: word,
  eventTime: microTime,
  reason: word,
  related: reference,
  reportingInstance: word,
  series,
  type: word,
}
const newer = fc.record(
  {
    ...common,
    regarding: reference,
    note: word,
    reportingController: word,
    deprecatedSource: source,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: fc.nat(),
  },
  { requiredKeys: ['regarding'] },
)
const older = fc.record(
  {
    ...common,
    involvedObject: reference,
    message: word,
    reportingComponent: word,
    source,
    firstTimestamp: time,
    lastTimestamp: time,
    count: fc.nat(),
  },
  { requiredKeys: ['involvedObject'] },
)

describe('an event of events.k8s.io/v1', () => {
  test('comes back as it was sent', () => {
    fc.assert(
      fc.property(newer, (parts) => {
        const sent = served(parts)
        const before = structuredClone(sent)
        const kept = view.toStored(sent)
        expect(sent).toEqual(before)
        expect(decodeObject(kept, eventKind.schema, schema)).toMatchObject({ value: kept, unknown: [] })
        expect(view.toServed(kept)).toEqual(sent)
      }),
    )
  })

  test('shows every event of core/v1 without loss', () => {
    fc.assert(
      fc.property(older, (parts) => {
        const kept = stored(parts)
        const shown = view.toServed(kept)
        expect(decodeObject(shown, view.schema, schema)).toMatchObject({ value: shown, unknown: [] })
        expect(view.toStored(shown)).toEqual(kept)
      }),
    )
  })

  test('has its fields under other names', () => {
    const event = stored({
      involvedObject: { kind: 'Pod', name: 'kubia-x' },
      message: 'Back-off restarting',
      source: { component: 'kubelet' },
      count: 7,
    })
    expect(view.toServed(event)).toEqual(
      served({
        regarding: { kind: 'Pod', name: 'kubia-x' },
        note: 'Back-off restarting',
        deprecatedSource: { component: 'kubelet' },
        deprecatedCount: 7,
      }),
    )
  })

  test('may regard nothing', () => {
    expect(view.toStored(served({}))).toEqual(stored({ involvedObject: {} }))
  })
})

describe('what is asked of an event in this form only', () => {
  const complete = {
    involvedObject: { kind: 'Pod', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    type: 'Normal',
    reportingComponent: 'portolan.io/agent',
    reportingInstance: 'node-1',
    action: 'Binding',
    reason: 'Scheduled',
  }
  const problemsOf = (next: object, previous?: object) =>
    view.validate?.(stored(next), previous === undefined ? undefined : stored(previous)).map(describeFieldError)

  test('a new one is of the newer kind', () => {
    expect(problemsOf(complete)).toEqual([])
    expect(
      problemsOf({
        ...complete,
        eventTime: undefined,
        type: 'Odd',
        firstTimestamp: '2026-01-01T00:00:00Z',
        count: 1,
        source: { host: 'node-1' },
        series: { count: 1 },
      }),
    ).toEqual([
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: Odd',
      'firstTimestamp: Invalid value: "": needs to be unset',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ])
  })

  test('one that goes on changes in its series only', () => {
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' }
    expect(problemsOf({ ...complete, series }, complete)).toEqual([])
    expect(problemsOf({ ...complete, reason: 'Other', reportingComponent: 'a' }, complete)).toEqual([
      'reason: Invalid value: "Other": field is immutable',
      'reportingController: Invalid value: "a": field is immutable',
    ])
    expect(problemsOf({ ...complete, series: { ...series, count: 1 } }, complete)).toEqual([
      'series.count: Invalid value: "": should be at least 2',
    ])
  })
})
