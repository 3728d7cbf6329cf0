import { expect, test } from 'vitest'
import { created, createProblems, row, updated, updateProblems } from './kind-trial.ts'
import { replicationControllerKind as kind } from './replication-controller.ts'

const container = { name: 'kubia', image: 'luksa/kubia' }
const template = { metadata: { labels: { app: 'kubia' } }, spec: { containers: [container] } }
const controller = (spec: object) => ({ spec: { selector: { app: 'kubia' }, template, ...spec } })

for (const { name, spec, problems } of [
  { name: 'a plain one', spec: {}, problems: [] },
  { name: 'no template', spec: { template: undefined }, problems: ['spec.template: Required value'] },
  {
    name: 'nothing to select by',
    spec: { selector: {}, template: { spec: { containers: [container] } } },
    problems: ['spec.selector: Required value'],
  },
  {
    name: 'pods that it would not find',
    spec: { selector: { app: 'web' } },
    problems: [
      'spec.template.metadata.labels: Invalid value: {"app":"kubia"}: `selector` does not match template `labels`',
    ],
  },
  {
    name: 'less than none',
    spec: { replicas: -1, minReadySeconds: -1 },
    problems: [
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
  },
  {
    name: 'pods that end',
    spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } } },
    problems: [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported',
    ],
  },
  {
    name: 'pods without containers, with bad labels',
    spec: { selector: undefined, template: { metadata: { labels: { app: 'a b' } } } },
    problems: [
      expect.stringMatching(/^spec.template.labels: Invalid value: "a b": a valid label must be/),
      'spec.template.spec.containers: Required value',
    ],
  },
] as { name: string; spec: object; problems: string[] }[]) {
  test(name, () => expect(createProblems(kind, controller(spec))).toEqual(problems))
}

test('selector and labels come from the template, and a template is no pod', () => {
  const { metadata, spec, status } = created(kind, { spec: { template }, status: { replicas: 7 } })
  expect(metadata).toMatchObject({ labels: { app: 'kubia' }, generation: 1 })
  expect(spec).toMatchObject({ replicas: 1, selector: { app: 'kubia' } })
  expect(spec.template?.spec).toMatchObject({ restartPolicy: 'Always', terminationGracePeriodSeconds: 30 })
  expect(spec.template?.spec).not.toHaveProperty('serviceAccountName')
  expect(spec.template?.spec).not.toHaveProperty('enableServiceLinks')
  expect(status).toEqual({ replicas: 0 })
})

test('anything but the status may be changed, and counts', () => {
  const previous = created(kind, controller({}))
  previous.status = { replicas: 3, readyReplicas: 2 }
  const draft = controller({ replicas: 5 })
  expect(updateProblems(kind, previous, draft)).toEqual([])
  const next = updated(kind, previous, draft)
  expect(next.status).toEqual(previous.status)
  expect(next.metadata.generation).toBe(2)
  expect(updated(kind, previous, controller({})).metadata.generation).toBe(1)
})

test('a status adds up', () => {
  const object = created(kind, controller({}))
  object.status = { replicas: 1, readyReplicas: 2, availableReplicas: -1 }
  expect(kind.validateStatus?.(object, object)).toMatchObject([
    { field: 'status.availableReplicas', detail: 'must be greater than or equal to 0' },
    { field: 'status.readyReplicas', detail: 'cannot be greater than status.replicas' },
  ])
})

test('its row', () => {
  const second = { name: 'proxy', image: 'haproxy:3.0' }
  const two = { ...template, spec: { containers: [container, second] } }
  const object = created(kind, controller({ replicas: 3, selector: { app: 'kubia' }, template: two }))
  object.status = { replicas: 2, readyReplicas: 1 }
  expect(Object.entries(row(kind, object))).toEqual([
    ['Name', 'web'],
    ['Desired', 3],
    ['Current', 2],
    ['Ready', 1],
    ['Age', '60s'],
    ['Containers', 'kubia,proxy'],
    ['Images', 'luksa/kubia,haproxy:3.0'],
    ['Selector', 'app=kubia'],
  ])
})

test('it can be scaled', () => {
  const object = created(kind, controller({ replicas: 3 }))
  kind.scale?.setReplicas(object, 5)
  expect(kind.scale?.replicas(object)).toBe(5)
  expect(object.metadata.generation).toBe(2)
  expect(kind.scale?.statusReplicas(object)).toBe(0)
  expect(kind.scale?.selector(object)).toBe('app=kubia')
})
