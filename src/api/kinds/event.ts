import type { CoreV1Event, V1EventSource, V1ObjectReference } from '@kubernetes/client-node'
import { timeSince } from '../columns.ts'
import { invalid, required, type FieldError } from '../field-error.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { validateQualifiedName } from './values.ts'

export type Event = KubeObject & Omit<Wire<CoreV1Event>, 'apiVersion' | 'kind' | 'metadata'>

export type EventSource = Wire<V1EventSource>
export type ObjectReference = Wire<V1ObjectReference>

export const Events: Resource<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  namespaced: true,
  shortNames: ['ev'],
}

export const eventKind: Kind<Event> = {
  resource: Events,
  schema: 'CoreV1Event',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasStatus: false,

  setDefaults(event) {
    event.involvedObject ??= {}
  },

  validate: validateEvent,

  columns: [
    {
      name: 'Last Seen',
      type: 'string',
      description: 'Time since it last happened.',
      priority: 0,
      cell: lastSeen,
    },
    {
      name: 'Type',
      type: 'string',
      description: 'Normal or Warning.',
      priority: 0,
      cell: ({ type = '' }) => type,
    },
    {
      name: 'Reason',
      type: 'string',
      description: 'Why it happened, in one word for programs.',
      priority: 0,
      cell: ({ reason = '' }) => reason,
    },
    {
      name: 'Object',
      type: 'string',
      description: 'What it happened to.',
      priority: 0,
      cell: ({ involvedObject: { kind = '', name = '' } }) =>
        name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`,
    },
    {
      name: 'Subobject',
      type: 'string',
      description: 'The part of the object concerned, such as one container.',
      priority: 1,
      cell: ({ involvedObject }) => involvedObject.fieldPath ?? '',
    },
    {
      name: 'Source',
      type: 'string',
      description: 'Who reports it.',
      priority: 1,
      cell: ({ source, reportingComponent, reportingInstance }) =>
        [firstGiven(source?.component, reportingComponent), firstGiven(source?.host, reportingInstance)]
          .filter((part, index) => index === 0 || part !== '')
          .join(', '),
    },
    {
      name: 'Message',
      type: 'string',
      description: 'What happened, for people.',
      priority: 0,
      cell: ({ message = '' }) => message.trim(),
    },
    {
      name: 'First Seen',
      type: 'string',
      description: 'Time since it first happened.',
      priority: 1,
      cell: firstSeen,
    },
    {
      name: 'Count',
      type: 'string',
      description: 'How often it happened.',
      priority: 1,
      // An event that happened once has no count in the newer API.
      cell: ({ series, count = 0 }) => series?.count ?? Math.max(1, count),
    },
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      description: 'Name of the event itself.',
      priority: 1,
      cell: ({ metadata }) => metadata.name,
    },
  ],
  selectableFields: ({ involvedObject, reason, reportingComponent, source, type }) => ({
    'involvedObject.kind': involvedObject.kind ?? '',
    'involvedObject.namespace': involvedObject.namespace ?? '',
    'involvedObject.name': involvedObject.name ?? '',
    'involvedObject.uid': involvedObject.uid ?? '',
    'involvedObject.apiVersion': involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': involvedObject.fieldPath ?? '',
    reason: reason ?? '',
    reportingComponent: reportingComponent ?? '',
    source: firstGiven(source?.component, reportingComponent),
    type: type ?? '',
  }),
  selectableFieldNames: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
}

function firstSeen({ firstTimestamp, eventTime }: Event, now: Date): string {
  return timeSince(firstTimestamp ?? eventTime, now)
}

function lastSeen(event: Event, now: Date): string {
  if (event.series !== undefined) return timeSince(event.series.lastObservedTime, now)
  return event.lastTimestamp === undefined ? firstSeen(event, now) : timeSince(event.lastTimestamp, now)
}

function firstGiven(...values: readonly (string | undefined)[]): string {
  return values.find((value) => value !== undefined && value !== '') ?? ''
}

const maxWord = 128
const maxMessage = 1024

/** core/v1 events with `eventTime` are the newer kind, of which more is asked. */
function validateEvent(event: Unchecked<Event>): FieldError[] {
  const namespace = event.metadata?.namespace ?? ''
  const involved = event.involvedObject?.namespace ?? ''
  const isNew = event.eventTime !== undefined
  const anywhere = isNew ? ['default', 'kube-system'] : ['', 'default']
  const agrees = involved === '' ? anywhere.includes(namespace) : isNew || involved === namespace
  const errors = agrees ? [] : [invalid('involvedObject.namespace', involved, 'does not match event.namespace')]
  return isNew ? [...errors, ...validateNewEvent(event)] : errors
}

function validateNewEvent(event: Unchecked<Event>): FieldError[] {
  const { reportingComponent = '', reportingInstance, action, reason, message } = event
  return [
    ...(reportingComponent === '' ? [required('reportingController')] : []),
    ...validateQualifiedName(reportingComponent, 'reportingController'),
    ...validateWord(reportingInstance, 'reportingInstance'),
    ...validateWord(action, 'action'),
    ...validateWord(reason, 'reason'),
    ...validateLength(message, 'message', maxMessage),
  ]
}

function validateWord(value: string | undefined, path: string): FieldError[] {
  return value === undefined || value === '' ? [required(path)] : validateLength(value, path, maxWord)
}

function validateLength(value: string | undefined, path: string, max: number): FieldError[] {
  if (Buffer.byteLength(value ?? '') <= max) return []
  return [invalid(path, '', `can have at most ${max} characters`)]
}
