import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSchema } from '../schema/schema-file.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'

const schema = readSchema()

const controller = {
  metadata: { name: 'kubia', labels: { app: 'kubia' }, finalizers: ['a/x', 'b/y'] },
  spec: {
    replicas: 3,
    selector: { app: 'kubia' },
    template: {
      metadata: { labels: { app: 'kubia' } },
      spec: {
        containers: [
          { name: 'kubia', image: 'luksa/kubia', ports: [{ containerPort: 8080 }], env: [{ name: 'A', value: '1' }] },
          { name: 'side', image: 'busybox', args: ['sleep', 'infinity'] },
        ],
        volumes: [{ name: 'data', emptyDir: {} }],
        tolerations: [{ key: 'a', operator: 'Exists' }],
      },
    },
  },
}

const service = { spec: { ports: [{ port: 80, name: 'http', nodePort: 30080 }, { port: 443, name: 'https' }] } }

describe('what kubectl sends', () => {
  test('scale', () => {
    const patched = patchController({ spec: { replicas: 5 } })
    expect(patched).toEqual({ ...controller, spec: { ...controller.spec, replicas: 5 } })
  })

  test('label', () => {
    const patched = patchController({ metadata: { labels: { app: null, type: 'special' } } })
    expect(patched).toMatchObject({ metadata: { name: 'kubia' } })
    expect(patched['metadata']).toHaveProperty('labels', { type: 'special' })
  })

  test('set image', () => {
    const containers = containersAfter({
      '$setElementOrder/containers': [{ name: 'kubia' }, { name: 'side' }],
      containers: [{ name: 'kubia', image: 'luksa/kubia:v2' }],
    })
    const [kubia, side] = controller.spec.template.spec.containers
    expect(containers).toEqual([{ ...kubia, image: 'luksa/kubia:v2' }, side])
  })

  test('set env', () => {
    const containers = containersAfter({
      containers: [{ name: 'kubia', env: [{ name: 'B', value: '2' }, { $patch: 'delete', name: 'A' }] }],
    })
    expect(containers).toMatchObject([{ env: [{ name: 'B', value: '2' }], image: 'luksa/kubia' }, { name: 'side' }])
  })

  test('apply of a Service with a port changed, one added and one removed', () => {
    const patch = {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
      spec: {
        '$setElementOrder/ports': [{ port: 8443 }, { port: 80 }],
        ports: [{ port: 8443, name: 'https' }, { port: 80, targetPort: 8080 }, { $patch: 'delete', port: 443 }],
      },
    }
    expect(applyStrategicMergePatch(service, patch, 'V1Service', schema)).toEqual({
      metadata: patch.metadata,
      spec: { ports: [{ port: 8443, name: 'https' }, { port: 80, name: 'http', nodePort: 30080, targetPort: 8080 }] },
    })
  })

  test('apply of another kind of volume under the same name', () => {
    const hostPath = { $retainKeys: ['name', 'hostPath'], name: 'data', hostPath: { path: '/' } }
    const volumes = podSpecAfter({ volumes: [hostPath] })
    expect(volumes).toMatchObject({ volumes: [{ name: 'data', hostPath: { path: '/' } }] })
    expect(volumes).not.toHaveProperty('volumes[0].emptyDir')
  })

  test('apply of another rollout strategy', () => {
    const deployment = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
    const patched = applyStrategicMergePatch(deployment, patch, 'V1Deployment', schema)
    expect(patched).toEqual({ spec: { strategy: { type: 'Recreate' } } })
  })

  test('a status condition', () => {
    const pressure = { type: 'DiskPressure', status: 'False' }
    const node = { status: { conditions: [{ type: 'Ready', status: 'False' }, pressure] } }
    const patch = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
    expect(applyStrategicMergePatch(node, patch, 'V1Node', schema)).toEqual({
      status: { conditions: [{ type: 'Ready', status: 'True' }, pressure] },
    })
  })
})

describe('lists', () => {
  test('without a merge key are replaced', () => {
    expect(podSpecAfter({ tolerations: [{ key: 'b' }] })).toMatchObject({ tolerations: [{ key: 'b' }] })
    expect(containersAfter({ containers: [{ name: 'side', args: ['true'] }] })).toMatchObject([{}, { args: ['true'] }])
  })

  test('of plain values are merged as sets', () => {
    expect(finalizersAfter({ finalizers: ['c/z', 'a/x'] })).toEqual(['c/z', 'a/x', 'b/y'])
    expect(finalizersAfter({ '$deleteFromPrimitiveList/finalizers': ['a/x'] })).toEqual(['b/y'])
    expect(finalizersAfter({ '$setElementOrder/finalizers': ['b/y', 'a/x'] })).toEqual(['b/y', 'a/x'])
    const both = { '$setElementOrder/finalizers': ['c/z', 'b/y'], finalizers: ['c/z'] }
    expect(finalizersAfter({ ...both, '$deleteFromPrimitiveList/finalizers': ['a/x'] })).toEqual(['c/z', 'b/y'])
  })

  test('keep what only the server knows in its place', () => {
    const live = { spec: { containers: ['a', 'injected', 'b', 'c'].map((name) => ({ name })) } }
    const order = ['a', 'c', 'b'].map((name) => ({ name }))
    const patched = applyStrategicMergePatch(live, { spec: { '$setElementOrder/containers': order } }, 'V1Pod', schema)
    expect(patched).toEqual({ spec: { containers: ['a', 'injected', 'c', 'b'].map((name) => ({ name })) } })
  })

  test('can be replaced, or their items deleted, by a directive', () => {
    expect(containersAfter({ containers: [{ $patch: 'replace' }, { name: 'new' }] })).toEqual([{ name: 'new' }])
    expect(containersAfter({ containers: [{ $patch: 'delete', name: 'kubia' }] })).toMatchObject([{ name: 'side' }])
    expect(containersAfter({ containers: [{ $patch: 'delete', name: 'absent' }] })).toHaveLength(2)
  })

  test('that are new come without directives and nulls', () => {
    const ports = [{ port: 80, name: null }, { $patch: 'delete', port: 1 }]
    const patch = { spec: { '$setElementOrder/ports': [{ port: 80 }], ports } }
    expect(applyStrategicMergePatch({}, patch, 'V1Service', schema)).toEqual({ spec: { ports: [{ port: 80 }] } })
  })
})

describe('objects', () => {
  test('can be replaced or emptied by a directive', () => {
    const replaced = patchController({ spec: { selector: { $patch: 'replace', a: 'b' } } })
    expect(replaced).toHaveProperty('spec.selector', { a: 'b' })
    expect(patchController({ metadata: { labels: { $patch: 'delete' } } })).toHaveProperty('metadata.labels', {})
    expect(patchController({ $patch: 'replace', metadata: { name: 'x' } })).toEqual({ metadata: { name: 'x' } })
  })

  test('nulls delete, also where there is nothing', () => {
    expect(patchController({ spec: { template: null, minReadySeconds: null } })).toHaveProperty('spec', {
      replicas: 3,
      selector: { app: 'kubia' },
    })
  })

  test('what has another type is replaced', () => {
    const patch = { data: { a: { b: null, c: 1 } } }
    const patched = applyStrategicMergePatch({ data: { a: 'x' } }, patch, 'V1ConfigMap', schema)
    expect(patched).toEqual({ data: { a: { c: 1 } } })
  })
})

test.each([
  [[], /must be an object, but is a list/],
  [{ $patch: 'explode' }, /^unknown patch type: explode in map: \{\}$/],
  [{ $patch: [{ toString: 0 }] }, /^unknown patch type: \[map\[toString:0\]\] in map: \{\}$/],
  [{ metadata: { $retainKeys: 'x' } }, /^invalid patch format of retainKeys$/],
  [{ metadata: { $retainKeys: ['name'], labels: {} } }, /^invalid patch format of retainKeys$/],
  [{ metadata: { '$setElementOrder/finalizers': 'x' } }, /^invalid patch format of setElementOrder list$/],
  [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, /^invalid patch format of primitive list$/],
  [{ metadata: { '$setElementOrder/nothing': ['a'] } }, /^unable to find api field in struct ObjectMeta .* "nothing"$/],
  [inPodSpec({ containers: [{ image: 'x' }] }), /^map: map\[image:x\] does not contain declared merge key: name$/],
  [inPodSpec({ containers: ['x'] }), /^expected a map, but received a string$/],
  [inPodSpec({ containers: [{ $patch: 'merge', name: 'x' }] }), /^merging lists cannot yet be specified in the patch$/],
  [inPodSpec({ containers: [{ $patch: 'x', name: 'x' }] }), /^unknown patch type: x in map/],
  [
    inPodSpec({
      '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
      containers: [{ name: 'b' }, { name: 'a' }],
    }),
    /^The order in patch list:/,
  ],
])('%#: is refused', (patch, message) => {
  expect(() => patchController(patch)).toThrow(
    expect.objectContaining({ code: 400, message: expect.stringMatching(message) }),
  )
})

test('prototypes stay out of reach', () => {
  const patch = '{"__proto__": {"polluted": 1}, "metadata": {"__proto__": {"polluted": 1}}}'
  const patched = patchController(JSON.parse(patch))
  expect(patched).not.toHaveProperty('polluted')
  expect({}).not.toHaveProperty('polluted')
})

describe('any pair of Pods', () => {
  const named = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.constantFrom('x', 'y', 'z') })
  const pods = fc.record({
    metadata: fc.record({
      labels: fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.constantFrom('v', 'w')),
      finalizers: fc.uniqueArray(fc.constantFrom('a/x', 'b/y', 'c/z')),
    }),
    spec: fc.record({ containers: fc.uniqueArray(named, { selector: (item) => item.name }) }),
  })

  test('merged: all of the patch is there, nothing is lost, neither is changed, and twice is once', () => {
    fc.assert(
      fc.property(pods, pods, (live, patch) => {
        const before = JSON.stringify([live, patch])
        const once = applyStrategicMergePatch(live, patch, 'V1Pod', schema)
        expect(once).toMatchObject({ metadata: { labels: { ...live.metadata.labels, ...patch.metadata.labels } } })
        const names = new Set([...live.spec.containers, ...patch.spec.containers].map(({ name }) => name))
        expect(once).toHaveProperty('spec.containers.length', names.size)
        expect(once).toHaveProperty('spec.containers', expect.arrayContaining(patch.spec.containers))
        expect(applyStrategicMergePatch(once, patch, 'V1Pod', schema)).toEqual(once)
        expect(JSON.stringify([live, patch])).toBe(before)
      }),
    )
  })

  test('merged in a wanted order, with deletions: the other comes out', () => {
    fc.assert(
      fc.property(pods, pods, (live, target) => {
        const wanted = target.spec.containers.map(({ name }) => ({ name }))
        const gone = live.spec.containers.filter(({ name }) => !wanted.some((item) => item.name === name))
        const deletions = gone.map(({ name }) => ({ $patch: 'delete', name }))
        const patch = {
          spec: { '$setElementOrder/containers': wanted, containers: [...target.spec.containers, ...deletions] },
        }
        const patched = applyStrategicMergePatch(live, patch, 'V1Pod', schema)
        expect(patched).toHaveProperty('spec', target.spec)
      }),
    )
  })
})

function patchController(patch: unknown): Record<string, unknown> {
  const before = JSON.stringify([controller, patch])
  const patched = applyStrategicMergePatch(controller, patch, 'V1ReplicationController', schema)
  expect(JSON.stringify([controller, patch])).toBe(before)
  return patched
}

function inPodSpec(spec: unknown): unknown {
  return { spec: { template: { spec } } }
}

function podSpecAfter(spec: unknown): unknown {
  const patched = patchController(inPodSpec(spec)) as unknown as typeof controller
  return patched.spec.template.spec
}

function containersAfter(spec: unknown): unknown {
  return (podSpecAfter(spec) as typeof controller.spec.template.spec).containers
}

function finalizersAfter(metadata: unknown): unknown {
  return (patchController({ metadata }) as unknown as typeof controller).metadata.finalizers
}
