import { describe, expect, test } from 'vitest'
import type { PodTemplateSpec } from '../../api/kinds/pod.ts'
import { template } from './fixtures.ts'
import { templateHash, templateText, withHash } from './template.ts'

const container = { name: 'main', image: 'luksa/kubia' }
const withContainer = (change: object): PodTemplateSpec => ({ spec: { containers: [{ ...container, ...change }] } })
const plain = withContainer({})

describe('templates mean the same', () => {
  for (const { name, other } of [
    { name: 'with the label of the hash', other: withHash(plain, 'abc') },
    { name: 'with defaults filled in', other: withContainer({ imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }) },
    { name: 'with empty lists and maps', other: withContainer({ env: [], resources: { limits: {} } }) },
    { name: 'with fields in another order', other: { spec: { containers: [{ image: 'luksa/kubia', name: 'main' }] } } },
    { name: 'with fields that are null', other: { ...plain, metadata: { creationTimestamp: null } } as unknown as PodTemplateSpec },
  ]) {
    test(name, () => {
      expect(templateText(other)).toBe(templateText(plain))
      expect(templateHash(other, undefined)).toBe(templateHash(plain, undefined))
    })
  }
})

describe('templates differ', () => {
  for (const { name, other } of [
    { name: 'in a label', other: { ...plain, metadata: { labels: { app: 'kubia' } } } },
    { name: 'in an annotation', other: { ...plain, metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
    { name: 'in the order of a list', other: { spec: { containers: [{ ...container, name: 'other' }, container] } } },
    { name: 'in a value that is zero', other: { spec: { ...plain.spec, containers: [container], terminationGracePeriodSeconds: 0 } } },
  ]) {
    test(name, () => {
      expect(templateText(other)).not.toBe(templateText(plain))
      expect(templateHash(other, undefined)).not.toBe(templateHash(plain, undefined))
    })
  }
})

test('a hash is a part of a name, and another one after each collision', () => {
  const hashes = [undefined, 0, 1, 2].map((count) => templateHash(template('v1'), count))
  for (const hash of hashes) expect(hash).toMatch(/^[bcdf4-9]{1,10}$/)
  expect(new Set(hashes).size).toBe(4)
})

test('the template that is asked about stays as it is', () => {
  const asked = withHash(plain, 'abc')
  const before = structuredClone(asked)
  templateText(asked)
  expect(asked).toEqual(before)
})
