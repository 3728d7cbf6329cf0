/** ReplicaSets, DaemonSets, ControllerRevisions and PodTemplates, in what they do not share with Deployments. */
import { describe, expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import { controllerRevisionKind } from './controller-revision.ts'
import { daemonSetKind, templateGeneration } from './daemon-set.ts'
import { created, createProblems, createWarnings, row, updated, updateProblems } from './kind-trial.ts'
import { podTemplateKind } from './pod-template.ts'
import { replicaSetKind } from './replica-set.ts'

const container = { name: 'kubia', image: 'luksa/kubia' }
const template = { metadata: { labels: { app: 'kubia' } }, spec: { containers: [container] } }
const selector = { matchLabels: { app: 'kubia' } }
const workload = (spec: object = {}) => ({ spec: { selector, template, ...spec } })
const negative = 'must be greater than or equal to 0'

describe('a ReplicaSet', () => {
  const kind = replicaSetKind

  test('is judged as a Deployment is', () => {
    expect(createProblems(kind, workload())).toEqual([])
    expect(createProblems(kind, { spec: { replicas: -1, minReadySeconds: -1 } })).toEqual([
      `spec.replicas: Invalid value: -1: ${negative}`,
      `spec.minReadySeconds: Invalid value: -1: ${negative}`,
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ])
  })

  test('keeps its selector', () => {
    const previous = created(kind, workload())
    expect(previous).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 }, status: { replicas: 0 } })
    const both = { metadata: { labels: { app: 'kubia', tier: 'web' } }, spec: { containers: [container] } }
    const draft = workload({ selector: { matchLabels: { tier: 'web' } }, template: both })
    expect(updateProblems(kind, previous, draft)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"tier":"web"}}: field is immutable',
    ])
    expect(updated(kind, previous, draft).metadata.generation).toBe(2)
  })

  test('has a status that adds up', () => {
    const object = created(kind, workload())
    object.status = { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 0, availableReplicas: 1 }
    expect(kind.validateStatus?.(object, object).map(describeFieldError)).toEqual([
      'status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    ])
  })

  test('has a row and can be scaled', () => {
    const matchExpressions = [{ key: 'app', operator: 'In', values: ['web', 'kubia'] }]
    const object = created(kind, workload({ replicas: 3, selector: { matchExpressions } }))
    object.status = { replicas: 2, readyReplicas: 1 }
    expect(row(kind, object)).toEqual({
      Name: 'web',
      Desired: 3,
      Current: 2,
      Ready: 1,
      Age: '60s',
      Containers: 'kubia',
      Images: 'luksa/kubia',
      Selector: 'app in (kubia,web)',
    })
    expect(kind.selectableFields?.(object)).toEqual({ 'status.replicas': '2' })
    kind.scale?.setReplicas(object, 0)
    expect([kind.scale?.replicas(object), kind.scale?.statusReplicas(object)]).toEqual([0, 2])
    expect(kind.scale?.selector(object)).toBe('app in (kubia,web)')
  })
})

describe('a DaemonSet', () => {
  const kind = daemonSetKind
  const rolling = (rollingUpdate: object) => workload({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } })
  const path = 'spec.updateStrategy.rollingUpdate'

  const cases: { name: string; draft: object; problems: unknown[] }[] = [
    { name: 'a plain one', draft: workload(), problems: [] },
    { name: 'one that waits for deletes', draft: workload({ updateStrategy: { type: 'OnDelete' } }), problems: [] },
    {
      name: 'without a selector',
      draft: workload({ selector: undefined }),
      problems: [
        'spec.template.metadata.labels: Invalid value: {"app":"kubia"}: `selector` does not match template `labels`',
      ],
    },
    {
      name: 'with an empty selector',
      draft: workload({ selector: {} }),
      problems: ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    },
    {
      name: 'of pods that end',
      draft: workload({ template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 1 } } }),
      problems: [
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
      ],
    },
    {
      name: 'with an unknown strategy and negative numbers',
      draft: workload({ minReadySeconds: -1, updateStrategy: { type: 'Recreate' }, revisionHistoryLimit: -1 }),
      problems: [
        `spec.minReadySeconds: Invalid value: -1: ${negative}`,
        'spec.updateStrategy: Unsupported value: {"type":"Recreate"}: supported values: "RollingUpdate", "OnDelete"',
        `spec.revisionHistoryLimit: Invalid value: -1: ${negative}`,
      ],
    },
    {
      name: 'that would do both',
      draft: rolling({ maxUnavailable: 1, maxSurge: '10%' }),
      problems: [`${path}.maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero`],
    },
    {
      name: 'that can do neither',
      draft: rolling({ maxUnavailable: 0, maxSurge: 0 }),
      problems: [`${path}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`],
    },
    { name: 'that runs two for a while', draft: rolling({ maxUnavailable: 0, maxSurge: '100%' }), problems: [] },
    {
      name: 'with more than all',
      draft: rolling({ maxUnavailable: '101%' }),
      problems: [`${path}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
  }

  test('counts the changes of its template', () => {
    const generations = (set: ReturnType<typeof created<Parameters<typeof kind.validate>[0]>>) => [
      set.metadata.generation,
      set.metadata.annotations?.[templateGeneration],
    ]
    const previous = created(kind, workload())
    expect(previous.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } })
    expect(generations(previous)).toEqual([1, '1'])
    expect(generations(updated(kind, previous, workload()))).toEqual([1, '1'])
    expect(generations(updated(kind, previous, workload({ minReadySeconds: 5 })))).toEqual([2, '1'])
    const other = { ...template, spec: { containers: [{ ...container, image: 'luksa/kubia:v2' }] } }
    const draft = { ...workload({ template: other }), metadata: { annotations: { [templateGeneration]: '7' } } }
    expect(generations(updated(kind, previous, draft))).toEqual([2, '2'])
    const odd = { ...workload(), metadata: { annotations: { [templateGeneration]: 'x' } } }
    expect(generations(created(kind, odd))).toEqual([1, '1'])
  })

  test('has a status and a row', () => {
    const pods = { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } }
    const object = created(kind, workload({ template: pods }))
    expect(row(kind, object)).toMatchObject({ Desired: 0, Current: 0, Ready: 0 })
    object.status = {
      desiredNumberScheduled: 3,
      currentNumberScheduled: 2,
      numberMisscheduled: -1,
      numberReady: 1,
      updatedNumberScheduled: 2,
    }
    const problems = kind.validateStatus?.(object, object).map(describeFieldError)
    expect(problems).toEqual([`status.numberMisscheduled: Invalid value: -1: ${negative}`])
    expect(Object.entries(row(kind, object))).toEqual([
      ['Name', 'web'],
      ['Desired', 3],
      ['Current', 2],
      ['Ready', 1],
      ['Up-to-date', 2],
      ['Available', 0],
      ['Node Selector', 'disk=ssd'],
      ['Age', '60s'],
      ['Containers', 'kubia'],
      ['Images', 'luksa/kubia'],
      ['Selector', 'app=kubia'],
    ])
  })
})

describe('a ControllerRevision', () => {
  const kind = controllerRevisionKind

  test('holds data that stay as they are', () => {
    expect(createProblems(kind, { revision: -1 })).toEqual([
      'data: Required value: data is mandatory',
      `revision: Invalid value: -1: ${negative}`,
    ])
    const previous = created(kind, { data: { spec: 1 }, revision: 1 })
    expect(updateProblems(kind, previous, { data: { spec: 1 }, revision: 2 })).toEqual([])
    expect(updateProblems(kind, previous, { data: { spec: 2 }, revision: 2 })).toEqual([
      'data: Invalid value: {"spec":2}: field is immutable',
    ])
  })

  test('says whose it is', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }
    const owned = created(kind, { metadata: { ownerReferences: [owner] }, data: {}, revision: 3 })
    expect(row(kind, owned)).toEqual({ Name: 'web', Controller: 'statefulset.apps/db', Revision: 3, Age: '60s' })
    expect(row(kind, created(kind, { data: {}, revision: 3 }))).toMatchObject({ Controller: '<none>' })
  })
})

test('a PodTemplate is judged as templates are, and has a row without an age', () => {
  const kind = podTemplateKind
  expect(createProblems(kind, {})).toEqual(['template.spec.containers: Required value'])
  const object = created(kind, { template })
  expect(object.template.spec).toMatchObject({ restartPolicy: 'Always' })
  expect(row(kind, object)).toEqual({ Name: 'web', Containers: 'kubia', Images: 'luksa/kubia', 'Pod Labels': 'app=kubia' })
  expect(updated(kind, object, { template }).metadata.generation).toBe(1)
  const twice = { ...container, env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }
  expect(createWarnings(kind, { template: { spec: { containers: [twice] } } })).toEqual([
    'template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ])
})
