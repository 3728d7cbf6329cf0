import { describe, expect, test } from 'vitest'
import { deploymentKind as kind } from './deployment.ts'
import { created, createProblems, createWarnings, row, updated, updateProblems, updateWarnings } from './kind-trial.ts'

const container = { name: 'kubia', image: 'luksa/kubia:v1' }
const template = { metadata: { labels: { app: 'kubia' } }, spec: { containers: [container] } }
const selector = { matchLabels: { app: 'kubia' } }
const deployment = (spec: object = {}) => ({ spec: { selector, template, ...spec } })
const rolling = (rollingUpdate: object) => deployment({ strategy: { type: 'RollingUpdate', rollingUpdate } })
const negative = 'must be greater than or equal to 0'

describe('what is refused', () => {
  const cases: { name: string; draft: object; problems: unknown[] }[] = [
    { name: 'nothing in a plain one', draft: deployment(), problems: [] },
    {
      name: 'nothing at all',
      draft: {},
      problems: [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
        'spec.template.spec.containers: Required value',
      ],
    },
    {
      name: 'a selector that selects everything',
      draft: deployment({ selector: {} }),
      problems: ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    },
    {
      name: 'a selector that means nothing',
      draft: deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'Is', values: ['kubia'] }] } }),
      problems: [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        expect.stringMatching(/^spec.selector: Invalid value: {"matchExpressions":.*}: invalid label selector$/),
      ],
    },
    {
      name: 'pods that it would not find',
      draft: deployment({ selector: { matchLabels: { app: 'web' } } }),
      problems: [
        'spec.template.metadata.labels: Invalid value: {"app":"kubia"}: `selector` does not match template `labels`',
      ],
    },
    {
      name: 'pods that end',
      draft: deployment({
        template: { ...template, spec: { ...template.spec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } },
      }),
      problems: [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
      ],
    },
    {
      name: 'less than none',
      draft: deployment({ replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1 }),
      problems: [
        `spec.replicas: Invalid value: -1: ${negative}`,
        `spec.minReadySeconds: Invalid value: -1: ${negative}`,
        `spec.revisionHistoryLimit: Invalid value: -1: ${negative}`,
        `spec.progressDeadlineSeconds: Invalid value: -1: ${negative}`,
        'spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds',
      ],
    },
    {
      name: 'a deadline before the pods can be available',
      draft: deployment({ minReadySeconds: 600 }),
      problems: ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    },
    {
      name: 'an unknown strategy',
      draft: deployment({ strategy: { type: 'Blue' } }),
      problems: [
        'spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate"',
      ],
    },
    {
      name: 'limits for what is no rolling update',
      draft: deployment({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
      problems: [
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
      ],
    },
    {
      name: 'a rolling update that cannot begin',
      draft: rolling({ maxSurge: '0%', maxUnavailable: 0 }),
      problems: ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    },
    { name: 'nothing if there may be more pods', draft: rolling({ maxSurge: 1, maxUnavailable: 0 }), problems: [] },
    { name: 'nothing if there may be twice as many', draft: rolling({ maxSurge: '200%' }), problems: [] },
    {
      name: 'shares that are none',
      draft: rolling({ maxSurge: 'half', maxUnavailable: '101%' }),
      problems: [
        expect.stringMatching(/^spec.strategy.rollingUpdate.maxSurge: Invalid value: "half": a valid percent string/),
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    },
    {
      name: 'negative limits',
      draft: rolling({ maxSurge: -1, maxUnavailable: -1 }),
      problems: [
        `spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: ${negative}`,
        `spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: ${negative}`,
      ],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
  }
})

test('defaults', () => {
  const { metadata, spec, status } = created(kind, { ...deployment(), status: { replicas: 7 } })
  expect(metadata.generation).toBe(1)
  expect(spec).toMatchObject({
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  })
  expect(spec.template.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' })
  expect(status).toEqual({})
  expect(created(kind, deployment({ strategy: { type: 'Recreate' } })).spec.strategy).toEqual({ type: 'Recreate' })
})

test('the selector stays; changes of spec and annotations count, those of labels do not', () => {
  const previous = created(kind, deployment())
  previous.status = { replicas: 3 }
  const other = deployment({ selector: { matchLabels: { app: 'kubia', tier: 'web' } } })
  expect(updateProblems(kind, previous, other)).toContain(
    'spec.selector: Invalid value: {"matchLabels":{"app":"kubia","tier":"web"}}: field is immutable',
  )
  expect(updateProblems(kind, previous, deployment({ replicas: 3 }))).toEqual([])
  expect(updated(kind, previous, deployment({ replicas: 3 })).metadata.generation).toBe(2)
  const annotated = { ...deployment(), metadata: { annotations: { note: 'x' } } }
  expect(updated(kind, previous, annotated).metadata.generation).toBe(2)
  const labelled = { ...deployment(), metadata: { labels: { note: 'x' } } }
  const next = updated(kind, previous, labelled)
  expect(next.metadata.generation).toBe(1)
  expect(next.status).toEqual({ replicas: 3 })
})

test('a status adds up', () => {
  const previous = created(kind, deployment())
  previous.status = { collisionCount: 2 }
  const next = structuredClone(previous)
  next.status = { replicas: 1, updatedReplicas: 2, availableReplicas: 1, unavailableReplicas: -1, collisionCount: 1 }
  expect(kind.validateStatus?.(next, previous)).toMatchObject([
    { field: 'status.unavailableReplicas', detail: negative },
    { field: 'status.updatedReplicas', value: 2, detail: 'cannot be greater than status.replicas' },
    { field: 'status.availableReplicas', value: 1, detail: 'cannot be greater than readyReplicas' },
    { field: 'status.collisionCount', value: 1, detail: 'cannot be decremented' },
  ])
})

test('its row', () => {
  const object = created(kind, deployment({ replicas: 3 }))
  object.status = { replicas: 4, readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 }
  expect(Object.entries(row(kind, object))).toEqual([
    ['Name', 'web'],
    ['Ready', '2/3'],
    ['Up-to-date', 1],
    ['Available', 2],
    ['Age', '60s'],
    ['Containers', 'kubia'],
    ['Images', 'luksa/kubia:v1'],
    ['Selector', 'app=kubia'],
  ])
})

test('it can be scaled', () => {
  const object = created(kind, deployment({ replicas: 3 }))
  object.status = { replicas: 2 }
  kind.scale?.setReplicas(object, 5)
  expect(kind.scale?.replicas(object)).toBe(5)
  expect(object.metadata.generation).toBe(2)
  expect(kind.scale?.statusReplicas(object)).toBe(2)
  expect(kind.scale?.selector(object)).toBe('app=kubia')
})

test('warnings of its name once, of its template whenever it may have changed', () => {
  const negativeGrace = { ...template, spec: { ...template.spec, terminationGracePeriodSeconds: -1 } }
  const draft = { ...deployment({ template: negativeGrace }), metadata: { name: 'web.v1' } }
  const grace =
    'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'
  expect(createWarnings(kind, draft)).toEqual([
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    grace,
  ])
  const previous = created(kind, draft)
  expect(updateWarnings(kind, previous, draft)).toEqual([])
  expect(updateWarnings(kind, previous, { ...draft, spec: { ...draft.spec, replicas: 2 } })).toEqual([grace])
})
