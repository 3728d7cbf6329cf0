import { expect, test } from 'vitest'
import { zoneFile } from './naive-zone.ts'
import { reduced, reducedNamespace, reducedPod } from './reduced-objects.ts'
import { exampleCaches, put, TestCaches } from './test-zone.ts'
import { LiveZone } from './live-zone.ts'

test('what is left of objects is all that names need', () => {
  const whole = exampleCaches()
  const rest = new TestCaches()
  for (const namespace of whole.namespaces.list()) put(rest.namespaces, reducedNamespace(namespace))
  for (const service of whole.services.list()) put(rest.services, reduced(service))
  for (const slice of whole.slices.list()) put(rest.slices, reduced(slice))
  for (const pod of whole.pods.list()) put(rest.pods, reducedPod(pod))
  expect(zoneFile(rest, 'cluster.local')).toEqual(zoneFile(whole, 'cluster.local'))
  const zones = [new LiveZone(whole), new LiveZone(rest)]
  for (const address of ['10.108.1.9', '10.108.1.20', '10.108.1.21', '192.168.99.11']) {
    for (const namespace of ['default', 'empty']) {
      const [first, second] = zones.map((zone) => zone.hasPod(namespace, address))
      expect(second).toBe(first)
    }
  }
})

test('and little else', () => {
  const [pod] = exampleCaches().pods.list()
  if (pod === undefined) throw new Error('there is no pod')
  const full = { ...pod, metadata: { ...pod.metadata, annotations: { a: 'b' }, labels: { app: 'web' } }, spec: { containers: [{ name: 'main' }] } }
  expect(reducedPod(full)).toEqual({ ...pod, spec: { containers: [] } })
})
