import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Pod } from '../../api/kinds/pod.ts'
import { node, pod } from '../fixtures.ts'
import type { ClusterState } from './cluster-state.ts'
import { stateOf } from './test-view.ts'

const requesting = (cpu: string): Partial<Pod['spec']> => ({
  containers: [{ name: 'main', resources: { requests: { cpu } }, ports: [{ containerPort: 80, hostPort: 80 }] }],
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }] } },
})

/** A pod in one of the states that the API may show it in; the same pod for the same name. */
const shown = fc.record({
  name: fc.constantFrom('p', 'q', 'r'),
  nodeName: fc.constantFrom('', 'a', 'b', 'gone'),
  cpu: fc.constantFrom('100m', '1'),
  phase: fc.constantFrom('Pending', 'Running', 'Succeeded'),
  promised: fc.constantFrom('', 'a', 'b'),
})

const step = fc.oneof(
  fc.record({ do: fc.constant('show' as const), shown }),
  fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom('p', 'q', 'r') }),
  fc.record({ do: fc.constant('node' as const), name: fc.constantFrom('a', 'b'), there: fc.boolean() }),
)

const podOf = ({ name, nodeName, cpu, phase, promised }: typeof shown extends fc.Arbitrary<infer S> ? S : never): Pod =>
  pod({
    name,
    nodeName,
    spec: requesting(cpu),
    status: { phase, nominatedNodeName: promised },
    meta: { uid: `uid-${name}` },
  })

function summary(state: ClusterState) {
  return [...state.nodes.values()]
    .map(({ name, load }) => ({
      name,
      pods: [...load.pods()].map((info) => info.pod.metadata.name).sort(),
      cpu: load.requested.get('cpu') ?? 0,
      likely: load.likelyUse.get('memory') ?? 0,
      ports: [...load.podsWithHostPorts()].length,
      affinity: [...load.podsWithAffinity()].length,
      promised: state.promisedPods(name).map((info) => info.pod.metadata.name).sort(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

test('what has been added up change by change is what a fresh look would find', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const state = stateOf({})
      const pods = new Map<string, Pod>()
      const nodes = new Set<string>()
      for (const one of steps) {
        if (one.do === 'node') {
          state.followNode(nodes.has(one.name) ? node({ name: one.name }) : undefined, one.there ? node({ name: one.name }) : undefined)
          if (one.there) nodes.add(one.name)
          else nodes.delete(one.name)
          continue
        }
        const name = one.do === 'show' ? one.shown.name : one.name
        const next = one.do === 'show' ? podOf(one.shown) : undefined
        if (pods.has(name) || next !== undefined) state.followPod(pods.get(name), next)
        if (next === undefined) pods.delete(name)
        else pods.set(name, next)
      }
      const fresh = stateOf({ nodes: [...nodes].map((name) => node({ name })), pods: [...pods.values()] })
      expect(summary(state)).toEqual(summary(fresh))
    }),
  )
})

test('a choice counts before the API shows it, and the API has the last word', () => {
  const state = stateOf({ nodes: [node({ name: 'a' }), node({ name: 'b' })] })
  const waiting = pod({ name: 'web', nodeName: '', spec: requesting('1') })
  const bound = { ...waiting, spec: { ...waiting.spec, nodeName: 'b' } }
  const where = () => summary(state).filter(({ pods }) => pods.includes('web')).map(({ name }) => name)
  state.followPod(undefined, waiting)
  state.place(waiting, 'a')
  expect(where()).toEqual(['a'])
  state.followPod(waiting, { ...waiting, status: { phase: 'Pending' } })
  expect(where()).toEqual(['a'])
  state.followPod(waiting, bound)
  expect(where()).toEqual(['b'])
  state.followPod(bound, undefined)
  expect(where()).toEqual([])
})

test('a promise that the API does not show yet holds', () => {
  const state = stateOf({ nodes: [node({ name: 'a' })] })
  const waiting = pod({ name: 'web', nodeName: '' })
  const promised = { ...waiting, status: { nominatedNodeName: 'a' } }
  state.promise(waiting, 'a')
  state.followPod(waiting, { ...waiting, status: { phase: 'Pending' } })
  expect(state.promisedNode(waiting)).toBe('a')
  state.followPod(waiting, promised)
  state.followPod(promised, { ...waiting, status: {} })
  expect(state.promisedNode(waiting)).toBeUndefined()
})

test('only what decides whether a pod fits makes a new version', () => {
  const running = pod({ name: 'web', nodeName: 'a' })
  const state = stateOf({ nodes: [node({ name: 'a' })], pods: [running] })
  const isNewAfter = (change: () => void) => {
    const before = state.version
    change()
    return state.version !== before
  }
  const started = { ...running, status: { phase: 'Running', podIP: '10.0.0.1', startTime: '2026-01-01T00:00:00Z' } }
  const relabelled = { ...started, metadata: { ...started.metadata, labels: { app: 'other' } } }
  expect(isNewAfter(() => state.followPod(running, started))).toBe(false)
  expect(isNewAfter(() => state.followPod(started, relabelled))).toBe(true)
  expect(isNewAfter(() => state.followPod(relabelled, undefined))).toBe(true)
  const waiting = pod({ name: 'new', nodeName: '' })
  expect(isNewAfter(() => state.followPod(undefined, waiting))).toBe(false)
  expect(isNewAfter(() => state.promise(waiting, 'a'))).toBe(true)
  expect(isNewAfter(() => state.promise(waiting, 'a'))).toBe(false)
  expect(isNewAfter(() => state.followPod(waiting, undefined))).toBe(true)
})
