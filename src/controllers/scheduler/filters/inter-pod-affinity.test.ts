import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../../api/kinds/pod.ts'
import { node, pod } from '../../fixtures.ts'
import { podInfo } from '../pod-info.ts'
import { namespace, stateOf } from '../test-view.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

type Affinity = NonNullable<PodSpec['affinity']>
type Term = NonNullable<NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']>[number]

const lonely = "node(s) didn't match pod affinity rules"
const badCompany = "node(s) didn't match pod anti-affinity rules"
const unwelcome = "node(s) didn't satisfy existing pods anti-affinity rules"

const nodes = [
  node({ name: 'a1', labels: { zone: 'a', host: 'a1' } }),
  node({ name: 'a2', labels: { zone: 'a', host: 'a2' } }),
  node({ name: 'b1', labels: { zone: 'b', host: 'b1' } }),
  node({ name: 'none' }),
]
const namespaces = [namespace('default', { team: 'red' }), namespace('other', { team: 'blue' })]
const near = (...requiredDuringSchedulingIgnoredDuringExecution: Term[]): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution } },
})
const apart = (...requiredDuringSchedulingIgnoredDuringExecution: Term[]): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution } },
})
const app = (name: string, more: Partial<Term> = {}): Term => ({
  topologyKey: 'zone',
  labelSelector: { matchLabels: { app: name } },
  ...more,
})
const db = (nodeName: string, more: Parameters<typeof pod>[0] = {}) =>
  pod({ name: `db-${nodeName}`, nodeName, labels: { app: 'db' }, ...more })
const everywhere = (reason: string) => ({ a1: reason, a2: reason, b1: reason, none: reason })

for (const { name, here = [], spec, refused } of [
  { name: 'no wishes', here: [db('a1')], spec: {}, refused: {} },
  { name: 'in the zone of another', here: [db('a1')], spec: near(app('db')), refused: { b1: lonely, none: lonely } },
  {
    name: 'on the host of another',
    here: [db('a1')],
    spec: near(app('db', { topologyKey: 'host' })),
    refused: { a2: lonely, b1: lonely, none: lonely },
  },
  { name: 'in no zone of another', here: [db('a1')], spec: apart(app('db')), refused: { a1: badCompany, a2: badCompany } },
  { name: 'with one that is nowhere', spec: near(app('db')), refused: everywhere(lonely) },
  { name: 'with its own like, of which it is the first', spec: near(app('new')), refused: { none: lonely } },
  {
    name: 'with its own like, of which there are some',
    here: [pod({ name: 'first', nodeName: 'b1', labels: { app: 'new' } })],
    spec: near(app('new')),
    refused: { a1: lonely, a2: lonely, none: lonely },
  },
  { name: 'with its own like and another that is nowhere', spec: near(app('new'), app('db')), refused: everywhere(lonely) },
  {
    name: 'with one pod that meets all terms',
    here: [db('a1'), pod({ name: 'cache', nodeName: 'b1', labels: { app: 'db', fast: '1' } })],
    spec: near(app('db'), { topologyKey: 'zone', labelSelector: { matchLabels: { fast: '1' } } }),
    refused: { a1: lonely, a2: lonely, none: lonely },
  },
  {
    name: 'with two pods of which each meets one term',
    here: [db('a1'), pod({ name: 'cache', nodeName: 'a1', labels: { fast: '1' } })],
    spec: near(app('db'), { topologyKey: 'zone', labelSelector: { matchLabels: { fast: '1' } } }),
    refused: everywhere(lonely),
  },
  {
    name: 'away from its own like',
    here: [pod({ name: 'first', nodeName: 'a1', labels: { app: 'new' } })],
    spec: apart(app('new', { topologyKey: 'host' })),
    refused: { a1: badCompany },
  },
  { name: 'kept away by one that is there', here: [db('a1', { spec: apart(app('new')) })], spec: {}, refused: { a1: unwelcome, a2: unwelcome } },
  {
    name: 'not kept away by one that means others, nor by the company that one wants',
    here: [db('a1', { spec: apart(app('web')) }), db('b1', { spec: near(app('cache')) })],
    spec: {},
    refused: {},
  },
  {
    name: 'pods of other namespaces are not meant',
    here: [db('a1', { meta: { namespace: 'other' } })],
    spec: apart(app('db')),
    refused: {},
  },
  {
    name: 'unless they are named',
    here: [db('a1', { meta: { namespace: 'other' } })],
    spec: apart(app('db', { namespaces: ['other'] })),
    refused: { a1: badCompany, a2: badCompany },
  },
  {
    name: 'or selected by their labels',
    here: [db('a1', { meta: { namespace: 'other' } }), db('b1')],
    spec: apart(app('db', { namespaceSelector: { matchLabels: { team: 'blue' } } })),
    refused: { a1: badCompany, a2: badCompany },
  },
  {
    name: 'or all are',
    here: [db('a1', { meta: { namespace: 'unknown' } }), db('b1')],
    spec: apart(app('db', { namespaceSelector: {} })),
    refused: { a1: badCompany, a2: badCompany, b1: badCompany },
  },
  {
    name: 'kept away by one of another namespace that means this one by its labels',
    here: [db('a1', { meta: { namespace: 'other' }, spec: apart(app('new', { namespaceSelector: { matchLabels: { team: 'red' } } })) })],
    spec: {},
    refused: { a1: unwelcome, a2: unwelcome },
  },
  { name: 'no selector means nobody', here: [db('a1')], spec: apart({ topologyKey: 'zone' }), refused: {} },
  {
    name: 'an empty selector means everybody',
    here: [db('a1')],
    spec: apart(app('db', { labelSelector: {} })),
    refused: { a1: badCompany, a2: badCompany },
  },
] satisfies { name: string; here?: Pod[]; spec: Partial<PodSpec>; refused: Record<string, string> }[]) {
  test(name, () => {
    const state = stateOf({ nodes, namespaces, pods: here })
    const newPod = pod({ name: 'new', nodeName: '', labels: { app: 'new' }, spec })
    const check = interPodAffinity.prepare(podInfo(newPod), state)
    const refusals = nodes.map(({ metadata }) => {
      const info = state.nodes.get(metadata.name)
      return [metadata.name, info === undefined ? 'gone' : check?.(info)?.reasons.join()] as const
    })
    expect(Object.fromEntries(refusals.filter(([, reason]) => reason !== undefined))).toEqual(refused)
  })
}
