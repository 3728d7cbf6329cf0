import { describe, expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import { created, createProblems, createWarnings, row, updated, updateProblems } from './kind-trial.ts'
import { statefulSetKind as kind } from './stateful-set.ts'

const container = { name: 'db', image: 'mongo' }
const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [container] } }
const set = (spec: object = {}) => ({ spec: { serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template, ...spec } })
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const mounting = (name: string) => ({
  ...template,
  spec: { containers: [{ ...container, volumeMounts: [{ name, mountPath: '/data' }] }] },
})
const negative = 'must be greater than or equal to 0'

describe('what is refused', () => {
  const cases: { name: string; spec: object; problems: unknown[] }[] = [
    { name: 'nothing in a plain one', spec: {}, problems: [] },
    {
      name: 'words that mean nothing',
      spec: {
        podManagementPolicy: 'Random',
        updateStrategy: { type: 'Recreate' },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Archive' },
        serviceName: 'a.b',
      },
      problems: [
        `spec.podManagementPolicy: Invalid value: "Random": must be 'OrderedReady' or 'Parallel'`,
        `spec.updateStrategy: Invalid value: {"type":"Recreate"}: must be 'RollingUpdate' or 'OnDelete'`,
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Archive": supported values: "Retain", "Delete"',
        'spec.serviceName: Invalid value: "a.b": must not contain dots',
      ],
    },
    {
      name: 'less than none',
      spec: {
        replicas: -1,
        minReadySeconds: -1,
        ordinals: { start: -1 },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } },
      },
      problems: [
        `spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: ${negative}`,
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
        `spec.replicas: Invalid value: -1: ${negative}`,
        `spec.minReadySeconds: Invalid value: -1: ${negative}`,
        `spec.ordinals.start: Invalid value: -1: ${negative}`,
      ],
    },
    {
      name: 'a partition of what is no rolling update',
      spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
      problems: [
        `spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate'`,
      ],
    },
    {
      name: 'nothing to select by',
      spec: { selector: undefined },
      problems: [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`',
      ],
    },
    {
      name: 'a selector that selects everything',
      spec: { selector: {} },
      problems: ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    },
    {
      name: 'claims of volumes, in one sentence',
      spec: { template: mounting('data'), volumeClaimTemplates: [claim, {}] },
      problems: [
        'spec.volumeClaimTemplates: Forbidden: PersistentVolumeClaims are not served by this cluster: ' +
          'give the template volumes of another type, such as emptyDir or hostPath',
      ],
    },
    {
      name: 'a mount of nothing',
      spec: { template: mounting('logs') },
      problems: ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "logs"'],
    },
    {
      name: 'pods that end',
      spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'OnFailure', activeDeadlineSeconds: 1 } } },
      problems: [
        'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
      ],
    },
  ]
  for (const { name, spec, problems } of cases) {
    test(name, () => expect(createProblems(kind, set(spec))).toEqual(problems))
  }
})

test('defaults', () => {
  const { metadata, spec, status } = created(kind, set())
  expect(metadata.generation).toBe(1)
  expect(status).toEqual({ replicas: 0 })
  expect(spec).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    replicas: 1,
    revisionHistoryLimit: 10,
  })
  expect(spec.template.spec).not.toHaveProperty('volumes')
  const onDelete = created(kind, set({ updateStrategy: { type: 'OnDelete' } }))
  expect(onDelete.spec.updateStrategy).toEqual({ type: 'OnDelete' })
})

test('only some of it may change', () => {
  const previous = created(kind, set())
  const free = set({ replicas: 3, minReadySeconds: 1, ordinals: { start: 1 }, revisionHistoryLimit: 1 })
  expect(updateProblems(kind, previous, free)).toEqual([])
  expect(updated(kind, previous, free).metadata.generation).toBe(2)
  const refused =
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  expect(updateProblems(kind, previous, set({ serviceName: 'other' }))).toEqual([refused])
})

test('a status adds up', () => {
  const object = created(kind, set())
  object.status = { replicas: 1, readyReplicas: 0, currentReplicas: 2, availableReplicas: 1 }
  expect(kind.validateStatus?.(object, object).map(describeFieldError)).toEqual([
    'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
  ])
})

test('its row and its scale', () => {
  const object = created(kind, set({ replicas: 3 }))
  object.status = { replicas: 2, readyReplicas: 1 }
  expect(Object.entries(row(kind, object))).toEqual([
    ['Name', 'web'],
    ['Ready', '1/3'],
    ['Age', '60s'],
    ['Containers', 'db'],
    ['Images', 'mongo'],
  ])
  kind.scale?.setReplicas(object, 5)
  expect([kind.scale?.replicas(object), kind.scale?.statusReplicas(object)]).toEqual([5, 2])
  expect(kind.scale?.selector(object)).toBe('app=db')
})

test('warnings', () => {
  expect(createWarnings(kind, set({ revisionHistoryLimit: -1 }))).toEqual([
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ])
})
