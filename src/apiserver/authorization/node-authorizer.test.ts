import { describe, expect, test } from 'vitest'
import { parseFieldSelector } from '../../api/field-selectors.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { ResourceAttributes } from './attributes.ts'
import { nodeAuthorizer } from './node-authorizer.ts'
import { NodeGraph } from './node-graph.ts'
import { nodeUser, userNamed } from './test-policy.ts'

function podOn(node: string, name: string, spec: Partial<Pod['spec']>, annotations: Record<string, string> = {}): Pod {
  const metadata = { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '', annotations }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: node, containers: [], ...spec } }
}

const web = podOn('node-1', 'web', {
  serviceAccountName: 'web',
  imagePullSecrets: [{ name: 'registry' }],
  containers: [
    {
      name: 'app',
      envFrom: [{ secretRef: { name: 'all' } }, { configMapRef: { name: 'settings' } }],
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'one', key: 'k' } } }],
    },
  ],
  initContainers: [{ name: 'init', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'first', key: 'k' } } }] }],
  volumes: [
    { name: 'a', secret: { secretName: 'tls' } },
    { name: 'b', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }, { secret: { name: 'mixed' } }] } },
  ],
})
const other = podOn('node-2', 'db', { volumes: [{ name: 'a', secret: { secretName: 'db' } }] })
const mirror = podOn('node-1', 'static', { volumes: [{ name: 'a', secret: { secretName: 'stolen' } }] }, { 'kubernetes.io/config.mirror': 'x' })

const graph = new NodeGraph()
for (const pod of [web, other, mirror]) graph.observe(undefined, pod)
const authorizer = nodeAuthorizer(graph)

/** `verb resource[.group][/subresource] [namespace/]name`; `name` alone for what is in no namespace. */
function asks(text: string, fieldSelector?: string): ResourceAttributes {
  const [verb = '', what = '', where = ''] = text.split(' ')
  const [path = '', subresource = ''] = what.split('/')
  const [resource = '', ...group] = path.split('.')
  const [name = '', namespace = ''] = where.split('/').reverse()
  const base = { user: nodeUser('node-1'), verb, group: group.join('.'), resource, subresource, namespace, name }
  return { ...base, ...(fieldSelector !== undefined && { fieldSelector: parseFieldSelector(fieldSelector) }) }
}

describe('a node may', () => {
  for (const [text, selector] of [
    ['get secrets default/registry'],
    ['get secrets default/all'],
    ['get secrets default/one'],
    ['get secrets default/tls'],
    ['watch secrets default/mixed'],
    ['get configmaps default/settings'],
    ['list configmaps default/first'],
    ['get configmaps default/kube-root-ca.crt'],
    ['create serviceaccounts/token default/web'],
    ['get pods default/web'],
    ['get pods default/static'],
    ['list pods', 'spec.nodeName=node-1'],
    ['watch pods', 'spec.nodeName=node-1,status.phase!=Failed'],
    ['delete pods default/web'],
    ['patch pods/status default/web'],
    ['create pods/eviction default/web'],
    ['get nodes node-1'],
    ['watch nodes node-1'],
    ['create nodes'],
    ['patch nodes node-1'],
    ['update nodes/status node-1'],
    ['create leases.coordination.k8s.io kube-node-lease/'],
    ['patch leases.coordination.k8s.io kube-node-lease/node-1'],
    ['create events default/'],
    ['list services'],
    ['create tokenreviews.authentication.k8s.io'],
    ['create subjectaccessreviews.authorization.k8s.io'],
  ]) {
    test(`${text} ${selector ?? ''}`, () => {
      expect(authorizer.authorize(asks(text ?? '', selector))).toEqual({ allowed: true, reason: '' })
    })
  }
})

describe('a node may not', () => {
  const unrelated = "no relationship found between node 'node-1' and this object"
  for (const [text = '', reason = '', selector] of [
    ['get secrets default/db', unrelated],
    ['get secrets default/stolen', unrelated],
    ['get secrets other/tls', unrelated],
    ['list secrets default/', 'No Object name found'],
    ['list secrets', 'can only read namespaced object of this type'],
    ['create secrets default/', 'can only read resources of this type'],
    ['get configmaps default/none', unrelated],
    ['create serviceaccounts/token default/other', unrelated],
    ['get serviceaccounts default/web', 'can only create tokens for individual service accounts'],
    ['get pods default/db', unrelated],
    ['list pods', 'can only list/watch pods with spec.nodeName field selector'],
    ['list pods', 'can only list/watch pods with spec.nodeName field selector', 'spec.nodeName=node-2'],
    ['list pods', 'can only list/watch pods with spec.nodeName field selector', 'spec.nodeName!=node-1'],
    ['update pods default/web', ''],
    ['create pods/exec default/web', ''],
    ['get nodes node-2', "node 'node-1' cannot read 'node-2', only its own Node object"],
    ['list nodes', "node 'node-1' cannot read all nodes, only its own Node object"],
    ['delete nodes node-1', ''],
    ['get leases.coordination.k8s.io kube-node-lease/node-2', 'can only access node lease with the same name as the requesting node'],
    ['get leases.coordination.k8s.io kube-system/node-1', 'can only access leases in the "kube-node-lease" system namespace'],
    ['list leases.coordination.k8s.io kube-node-lease/', 'can only get, create, update, patch, or delete a node lease'],
    ['list deployments.apps', ''],
  ]) {
    test(`${text} ${selector ?? ''}`, () => {
      expect(authorizer.authorize(asks(text, selector))).toEqual({ allowed: false, reason })
    })
  }
})

test('only who is in the group of nodes is one', () => {
  const user = userNamed('system:node:node-1')
  expect(authorizer.authorize({ ...asks('get nodes node-1'), user })).toEqual({ allowed: false, reason: '' })
  expect(authorizer.rulesFor(user, 'default').problems).toEqual([])
  expect(authorizer.rulesFor(nodeUser('node-1'), 'default').problems).toEqual(['node authorizer does not support user rule resolution'])
})

test('what a pod refers to is let go with the last pod that does', () => {
  const own = new NodeGraph()
  const authorize = () => nodeAuthorizer(own).authorize(asks('get secrets default/tls')).allowed
  const twin = { ...web, metadata: { ...web.metadata, name: 'twin' } }
  own.observe(undefined, { ...web, spec: { ...web.spec, nodeName: '' } })
  expect(authorize()).toBe(false)
  own.observe({ ...web, spec: { ...web.spec, nodeName: '' } }, web)
  own.observe(undefined, twin)
  own.observe(web, undefined)
  expect(authorize()).toBe(true)
  own.observe(twin, undefined)
  expect(authorize()).toBe(false)
})
