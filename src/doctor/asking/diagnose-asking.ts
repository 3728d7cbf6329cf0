import type { Check, Diagnosis, Finding } from '../finding.ts'
import { addresseeOf, type Addressee } from './addressee.ts'
import { farNodes } from '../nodes.ts'
import { describeAsked, describeClient, type Asking, type Client } from './asked.ts'
import { nameProblems } from './names.ts'
import { placeProblems } from './places.ts'
import { portProblems } from './ports.ts'

/** The likeliest first: what explains most of what else is seen. */
export const askingRules: readonly { readonly tells: readonly string[]; readonly rule: (asking: Asking) => readonly Finding[] }[] = [
  { tells: ['OnlyPublishedHere', 'ServicePinged', 'ClusterIPFromOutside'], rule: placeProblems },
  { tells: ['NameOfOtherNamespace', 'IngressHostUnresolved', 'PodNameAsked', 'NameUnknown', 'NameOutsidePods', 'ClusterDnsNotAsked'], rule: nameProblems },
  {
    tells: ['NodePortWrongAddress', 'ProtocolNotInService', 'PortNotInService', 'TargetPortAsked', 'HeadlessPortAsked', 'PortNotOpenAtNode', 'ServicePortAtPod'],
    rule: portProblems,
  },
]

/** What a client does wrong; and then what is wrong with the Service that it asks, if there is one. Pure. */
export function diagnoseAsking(asking: Asking, service: Diagnosis | undefined): Diagnosis {
  const own = askingRules.flatMap(({ rule }) => rule(asking))
  return {
    subject: `${describeAsked(asking.asked)} from ${describeClient(asking.client)}`,
    checks: [addresseeCheck(asking), ...outcomeChecks(asking), ...(service?.checks ?? [])],
    advice: service?.advice ?? [],
    findings: [...own, ...(service?.findings ?? []), ...(own.length + (service?.findings.length ?? 0) > 0 ? [] : unexplained(asking))],
  }
}

function addresseeCheck({ asked, client, there }: Asking): Check {
  const addressee = addresseeOf(asked, client, there)
  const isKnown = addressee.what !== 'unknown-name' && addressee.what !== 'unknown-address'
  return { outcome: isKnown ? 'passed' : 'failed', text: `${asked.host} is ${describeAddressee(addressee)}` }
}

function describeAddressee(addressee: Addressee): string {
  switch (addressee.what) {
    case 'service':
      return `Service ${addressee.service.metadata.name} in namespace ${addressee.service.metadata.namespace}`
    case 'node':
      return `the address of ${addressee.node.metadata.name}`
    case 'pod':
      return `the address of pod ${addressee.pod.metadata.name} in namespace ${addressee.pod.metadata.namespace}`
    case 'loopback':
      return 'whoever asks, itself'
    case 'ingress-address':
      return 'the address of Ingresses: see portolan doctor ingress/NAME'
    case 'unknown-name':
      return 'no name of a Service'
    case 'unknown-address':
      return 'an address that nobody in the cluster has'
    default:
      return addressee satisfies never
  }
}

function outcomeChecks({ asked, client, there, outcome }: Asking): readonly Check[] {
  const node = nodeOf(client)
  if (node !== undefined && farNodes(there).includes(node)) {
    return [{ outcome: 'skipped', text: `not tried: ${node} is another machine` }]
  }
  if (outcome === undefined) return []
  const isFine = outcome === 'open' || outcome === 'unanswered'
  return [{ outcome: isFine ? 'passed' : 'failed', text: `the same, tried from ${describeClient(client)}: ${outcome === 'open' ? 'connected' : outcome} (${describeAsked(asked)})` }]
}

function nodeOf(client: Client): string | undefined {
  if (client.kind === 'pod') return client.pod.spec.nodeName
  return client.kind === 'node' ? client.name : undefined
}

function unexplained({ asked, client, outcome }: Asking): readonly Finding[] {
  if (outcome === undefined || outcome === 'open' || outcome === 'unanswered') return []
  return [{
    reason: 'NotReachable',
    cause: `A connection from ${describeClient(client)} to ${asked.host}:${asked.port} ${outcome === 'timeout' ? 'gets no answer' : `is ${outcome}`}`,
    evidence: [`tried just now: ${outcome}`],
    fix: 'see whether anybody has this address, and listens on this port',
    command: 'kubectl get services,pods -A -o wide',
  }]
}
