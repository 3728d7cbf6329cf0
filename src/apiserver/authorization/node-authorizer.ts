import { type Attributes, isResourceRequest, type ResourceAttributes } from './attributes.ts'
import type { Authorizer, Decision } from './authorizer.ts'
import type { NodeGraph, NodeObjectKind } from './node-graph.ts'
import { nodeOf } from './node-identity.ts'
import { nodeRules } from './node-rules.ts'
import { ruleAllows } from './rule-match.ts'

/**
 * Allows a node what it needs for its own pods, and nothing of others'
 * (https://kubernetes.io/docs/reference/access-authn-authz/node/). What it writes is looked at again by the
 * `node-restriction` admission step, which sees the objects.
 */
export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user)
      return node === undefined ? refuse('') : decide(node, attributes, graph)
    },
    rulesFor: (user) => ({
      rules: [],
      problems: nodeOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'],
    }),
  }
}

type Decide = (node: string, attributes: ResourceAttributes, graph: NodeGraph) => Decision

/** Resources of which a node sees some objects only, as `plural.group`. */
const divided: Readonly<Record<string, Decide>> = {
  'secrets.': (node, attributes, graph) => decideRead(node, 'secrets', attributes, graph),
  'configmaps.': (node, attributes, graph) => decideRead(node, 'configmaps', attributes, graph),
  'serviceaccounts.': decideToken,
  'leases.coordination.k8s.io': decideLease,
  'nodes.': decideNode,
  'pods.': decidePod,
}

function decide(node: string, attributes: Attributes, graph: NodeGraph): Decision {
  if (node === '') return refuse(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
  if (isResourceRequest(attributes)) {
    const special = divided[`${attributes.resource}.${attributes.group}`]
    if (special !== undefined) return special(node, attributes, graph)
  }
  return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allow : refuse('')
}

function decideRead(node: string, kind: NodeObjectKind, attributes: ResourceAttributes, graph: NodeGraph): Decision {
  if (!isRead(attributes.verb)) return refuse('can only read resources of this type')
  if (attributes.subresource !== '') return refuse('cannot read subresource')
  if (attributes.namespace === '') return refuse('can only read namespaced object of this type')
  return decideRelated(node, kind, attributes, graph)
}

function decideToken(node: string, attributes: ResourceAttributes, graph: NodeGraph): Decision {
  const { verb, name, subresource } = attributes
  if (verb !== 'create' || name === '') return refuse('can only create tokens for individual service accounts')
  if (subresource !== 'token') return refuse('can only create token subresource of serviceaccount')
  return decideRelated(node, 'serviceaccounts', attributes, graph)
}

const leaseVerbs: readonly string[] = ['get', 'create', 'update', 'patch', 'delete']

function decideLease(node: string, { verb, namespace, name }: ResourceAttributes): Decision {
  if (!leaseVerbs.includes(verb)) return refuse('can only get, create, update, patch, or delete a node lease')
  if (namespace !== 'kube-node-lease') return refuse('can only access leases in the "kube-node-lease" system namespace')
  // On create the name is in the object only: admission looks at it.
  if (verb === 'create' || name === node) return allow
  return refuse('can only access node lease with the same name as the requesting node')
}

function decideNode(node: string, { verb, subresource, name }: ResourceAttributes): Decision {
  const isWrite = verb === 'update' || verb === 'patch'
  if (subresource === 'status') return isWrite ? allow : refuse('')
  if (subresource !== '') return refuse('')
  if (isWrite || verb === 'create') return allow
  // By name and not by the graph: a node looks for its object before there is one.
  if (!isRead(verb)) return refuse('')
  if (name === node) return allow
  if (name === '') return refuse(`node '${node}' cannot read all nodes, only its own Node object`)
  return refuse(`node '${node}' cannot read '${name}', only its own Node object`)
}

function decidePod(node: string, attributes: ResourceAttributes, graph: NodeGraph): Decision {
  const { verb, subresource, name, fieldSelector } = attributes
  switch (subresource) {
    case '':
      if (verb === 'get') return decideRelated(node, 'pods', attributes, graph)
      if (verb === 'create' || verb === 'delete') return allow
      if (!isRead(verb)) return refuse('')
      if (fieldSelector?.exactly('spec.nodeName') === node) return allow
      if (name !== '') return decideRelated(node, 'pods', attributes, graph)
      return refuse('can only list/watch pods with spec.nodeName field selector')
    case 'status':
      return verb === 'update' || verb === 'patch' ? allow : refuse('')
    case 'eviction':
      return verb === 'create' ? allow : refuse('')
    default:
      return refuse('')
  }
}

function decideRelated(
  node: string,
  kind: NodeObjectKind,
  { namespace, name }: ResourceAttributes,
  graph: NodeGraph,
): Decision {
  if (name === '') return refuse('No Object name found')
  if (graph.leadsTo(node, kind, namespace, name)) return allow
  return refuse(`no relationship found between node '${node}' and this object`)
}

function isRead(verb: string): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch'
}

const allow: Decision = { allowed: true, reason: '' }

function refuse(reason: string): Decision {
  return { allowed: false, reason }
}
