/** Event of events.k8s.io/v1: the same events as in core/v1, under names that say more of what they mean. */
import type { EventsV1Event } from '@kubernetes/client-node'
import { semanticallyEqual } from '../equality.ts'
import { invalid, required, type FieldError } from '../field-error.ts'
import type { View } from '../kind.ts'
import { isDNS1123Subdomain } from '../names.ts'
import type { KubeObject, Wire } from '../object.ts'
import { apiVersionOf, type Resource } from '../resource.ts'
import { type Event, eventKind, Events } from './event.ts'
import { checked, validateImmutable } from './values.ts'

export type EventV1 = KubeObject & Omit<Wire<EventsV1Event>, 'apiVersion' | 'kind' | 'metadata' | 'eventTime'> & {
  /** Absent from events of the older kind. */
  eventTime?: string
}

export const EventsV1: Resource<EventV1> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  namespaced: true,
  shortNames: ['ev'],
}

/** Fields by their names here and in core/v1, where these differ. */
const fieldNames: readonly (readonly [here: string, stored: string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
]
const storedNames = new Map(fieldNames)
const servedNames = new Map(fieldNames.map(([here, stored]) => [stored, here]))

export const eventV1View: View<Event, EventV1> = {
  resource: EventsV1,
  schema: 'EventsV1Event',
  kind: eventKind,
  toStored: (served) => renamed<Event>({ regarding: {}, ...served }, storedNames, Events),
  toServed: (stored) => renamed<EventV1>(stored, servedNames, EventsV1),
  validate: (next, previous) => (previous === undefined ? validateNew(next) : validateChange(next, previous)),
  fieldNames: {
    reason: 'reason',
    'regarding.kind': 'involvedObject.kind',
    'regarding.namespace': 'involvedObject.namespace',
    'regarding.name': 'involvedObject.name',
    'regarding.uid': 'involvedObject.uid',
    'regarding.apiVersion': 'involvedObject.apiVersion',
    'regarding.resourceVersion': 'involvedObject.resourceVersion',
    'regarding.fieldPath': 'involvedObject.fieldPath',
    reportingController: 'reportingComponent',
    source: 'source',
    type: 'type',
  },
}

function renamed<T extends KubeObject>(object: object, names: ReadonlyMap<string, string>, resource: Resource<T>): T {
  const fields = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value] as const)
  const { kind } = resource
  return { ...Object.fromEntries(fields), apiVersion: apiVersionOf(resource), kind } as unknown as T
}

/** What is asked of new events in this form and not in the other; paths are those of the stored form, as upstream's. */
function validateNew(event: Event): FieldError[] {
  const { metadata, eventTime, type = '', source = {}, count = 0 } = event
  const isTyped = type === 'Normal' || type === 'Warning'
  const hasSource = (source.component ?? '') !== '' || (source.host ?? '') !== ''
  const needless = [
    ...(['firstTimestamp', 'lastTimestamp'] as const).filter((field) => event[field] !== undefined),
    ...(count === 0 ? [] : ['count']),
    ...(hasSource ? ['source'] : []),
  ]
  return [
    ...checked(metadata.name, 'metadata.name', isDNS1123Subdomain),
    ...validateSeries(event),
    ...(eventTime === undefined ? [required('eventTime')] : []),
    ...(isTyped ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...needless.map((field) => invalid(field, '', 'needs to be unset')),
  ]
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return []
  const { count = 0, lastObservedTime } = series
  return [
    ...(count < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(lastObservedTime === undefined ? [required('series.lastObservedTime')] : []),
  ]
}

const fixedFields = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
] as const

/** Only the series goes on. */
function validateChange(next: Event, previous: Event): FieldError[] {
  const { reportingComponent, reportingInstance } = next
  return [
    ...(semanticallyEqual(next.series, previous.series) ? [] : validateSeries(next)),
    ...fixedFields.flatMap((field) => validateImmutable(next[field], previous[field], field)),
    ...validateImmutable(reportingComponent, previous.reportingComponent, 'reportingController'),
    ...validateImmutable(reportingInstance, previous.reportingInstance, 'reportingInstance'),
  ]
}
