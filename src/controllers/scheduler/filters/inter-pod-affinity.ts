import type { ClusterView } from '../cluster-view.ts'
import { Domains } from '../domains.ts'
import type { Filter, Refusal } from '../filter.ts'
import { domainOf, type NodeInfo } from '../node-info.ts'
import type { AffinityTerm } from '../pod-affinity.ts'
import type { PodInfo } from '../pod-info.ts'

const lonely: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], dueToPods: false }
const badCompany: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], dueToPods: true }
const unwelcome: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], dueToPods: true }

/**
 * Required affinity to and from other pods, and what is symmetrical to it: a pod that is there and does not want the new
 * one near it keeps that away.
 */
export const interPodAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare(pod, cluster) {
    const { required, requiredAnti } = pod.affinity
    const closed = domainsClosedTo(pod, cluster)
    if (required.length === 0 && requiredAnti.length === 0 && closed.isEmpty) return undefined
    const company = companyOf(required, cluster)
    // The first of pods that want one another's company has none to join.
    const startsIt = company.isEmpty && meansAll(required, pod, cluster)
    const avoided = domainsToAvoid(requiredAnti, cluster)
    return (node) => {
      if (!isInDomains(node, required)) return lonely
      const joins = required.every(({ topologyKey }) => company.has(node, topologyKey))
      if (!joins && !startsIt) return lonely
      if (avoided.hasAny(node)) return badCompany
      return closed.hasAny(node) ? unwelcome : undefined
    }
  },
}

function domainsClosedTo({ pod }: PodInfo, cluster: ClusterView): Domains {
  const closed = new Domains()
  const namespaceLabels = cluster.namespaceLabels(pod.metadata.namespace ?? '')
  for (const node of cluster.nodes.values()) {
    for (const { affinity } of node.load.podsWithAffinity()) {
      const terms = affinity.requiredAnti.filter((term) => term.matches(pod, namespaceLabels))
      for (const { topologyKey } of terms) closed.add(node, topologyKey)
    }
  }
  return closed
}

/** Where there are pods that meet all terms at once. */
function companyOf(terms: readonly AffinityTerm[], cluster: ClusterView): Domains {
  const company = new Domains()
  if (terms.length === 0) return company
  for (const node of cluster.nodes.values()) {
    for (const other of node.load.pods()) {
      if (!meansAll(terms, other, cluster)) continue
      for (const { topologyKey } of terms) company.add(node, topologyKey)
    }
  }
  return company
}

function domainsToAvoid(terms: readonly AffinityTerm[], cluster: ClusterView): Domains {
  const avoided = new Domains()
  if (terms.length === 0) return avoided
  for (const node of cluster.nodes.values()) {
    for (const { pod } of node.load.pods()) {
      const namespaceLabels = cluster.namespaceLabels(pod.metadata.namespace ?? '')
      const matching = terms.filter((term) => term.matches(pod, namespaceLabels))
      for (const { topologyKey } of matching) avoided.add(node, topologyKey)
    }
  }
  return avoided
}

function meansAll(terms: readonly AffinityTerm[], { pod }: PodInfo, cluster: ClusterView): boolean {
  const namespaceLabels = cluster.namespaceLabels(pod.metadata.namespace ?? '')
  return terms.every((term) => term.matches(pod, namespaceLabels))
}

function isInDomains(node: NodeInfo, terms: readonly AffinityTerm[]): boolean {
  return terms.every(({ topologyKey }) => domainOf(node, topologyKey) !== undefined)
}
