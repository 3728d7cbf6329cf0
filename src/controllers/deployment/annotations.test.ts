import { describe, expect, test } from 'vitest'
import { newSetAnnotations, revisionOf, sizeAnnotations } from './annotations.ts'
import { deployment, replicaSet, rollingUpdate } from './fixtures.ts'
import { rolloutOf } from './rollout.ts'

const prefix = 'deployment.kubernetes.io'
const revision = (value: string, history?: string) => ({
  [`${prefix}/revision`]: value,
  ...(history === undefined ? {} : { [`${prefix}/revision-history`]: history }),
})
const long = Array.from({ length: 500 }, (_, at) => String(100 + at)).join(',')

describe('the ReplicaSet of the present template', () => {
  for (const { name, old = [], present, becomes } of [
    { name: 'is the first revision', becomes: revision('1') },
    { name: 'is later than all others', old: ['3', '7'], becomes: revision('8') },
    { name: 'keeps its revision', old: ['3'], present: revision('4'), becomes: revision('4') },
    { name: 'keeps it when others have gone', old: [], present: revision('4'), becomes: revision('4') },
    { name: 'that is rolled back to remembers its own', old: ['3'], present: revision('1'), becomes: revision('4', '1') },
    { name: 'remembers all of them', old: ['5'], present: revision('4', '1,2'), becomes: revision('6', '1,2,4') },
    { name: 'forgets the oldest when they become too many', old: ['700'], present: revision('699', long), becomes: revision('701', `${long.slice(4)},699`) },
    { name: 'goes beyond ten', old: ['10'], present: revision('9'), becomes: revision('11', '9') },
    { name: 'does not count what is no number', old: ['x', '2'], becomes: revision('3') },
  ]) {
    test(name, () => {
      const others = old.map((value, at) => replicaSet(`v${at}`, 0, { annotations: revision(value) }))
      const own = present === undefined ? [] : [replicaSet('now', 3, { annotations: present })]
      expect(newSetAnnotations(rolloutOf(deployment({ text: 'now' }), [...others, ...own]))).toEqual(becomes)
    })
  }

  test('gets the annotations of the Deployment, but those that are about the one or the other', () => {
    const annotations = {
      'kubernetes.io/change-cause': 'kubectl set image',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      [`${prefix}/revision`]: '9',
      [`${prefix}/desired-replicas`]: '9',
    }
    const present = { 'kubernetes.io/change-cause': 'kubectl create', other: 'kept', ...revision('1') }
    const sets = [replicaSet('v1', 3, { annotations: present })]
    expect(newSetAnnotations(rolloutOf(deployment({ meta: { annotations } }), sets))).toEqual({
      'kubernetes.io/change-cause': 'kubectl set image',
      other: 'kept',
      ...revision('1'),
    })
  })
})

test('sizes are marked with what the Deployment may have', () => {
  expect(sizeAnnotations(deployment({ replicas: 10, spec: { strategy: rollingUpdate('25%', 0) } }))).toEqual({
    [`${prefix}/desired-replicas`]: '10',
    [`${prefix}/max-replicas`]: '13',
  })
})

test('a revision that is no number is none', () => {
  for (const value of ['', 'x', '-1', '99999999999']) {
    expect(revisionOf(replicaSet('v1', 1, { annotations: revision(value) }))).toBe(0)
  }
})
