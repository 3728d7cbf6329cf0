import { objectKey } from '../../api/object.ts'
import { reverseKey } from './addresses.ts'
import { addressRecord, common, nameServerOf, noData, noName, pick, soa } from './answer.ts'
import type { Answer, Asked, Choice, RecordOptions } from './answer.ts'
import { podAnswer } from './pod-records.ts'
import { labelsBelow, labelsOf, recordType, type DnsRecord, type Question } from './record.ts'
import { serviceAnswer } from './service-records.ts'
import type { Zone } from './zone.ts'

/**
 * Answers a question from the state of the cluster, by the Kubernetes DNS-Based Service Discovery specification 1.1.0
 * and, where that is silent, as CoreDNS's kubernetes plugin does: a headless Service without ready endpoints has no
 * name; every Service's endpoints have names; SRV of a Service's own name lists all its ports. Of records of one name that
 * are many, the answer has those that `choice` says. Pure.
 */
export function answer(question: Question, zone: Zone, options: RecordOptions, choice: Choice = all): Answer {
  if (unanswered.has(question.type)) return { outcome: 'refused' }
  const path = labelsBelow(question.labels, labelsOf(options.clusterDomain))
  const address = path === undefined ? reverseKey(question.labels) : undefined
  if (path === undefined && address === undefined) return { outcome: 'elsewhere' }
  if (!zone.synced) return { outcome: 'not-synced' }
  const asked = { question, zone, options, choice }
  return path === undefined ? reverse(asked, address ?? '') : forward(asked, path)
}

const all: Choice = { most: Infinity, share: 0 }

// RFC 8482: ANY need not be answered, and would serve amplification most of all.
const unanswered: ReadonlySet<number> = new Set([recordType.AXFR, recordType.IXFR, recordType.ANY])

function forward(asked: Asked, path: readonly string[]): Answer {
  const [top] = path.slice(-1)
  if (top === undefined) return apex(asked)
  switch (top) {
    case 'svc':
      return serviceAnswer(asked, path.slice(0, -1))
    case 'pod':
      return podAnswer(asked, path.slice(0, -1))
    case 'dns':
      return nameServer(asked, path)
    case 'dns-version':
      return path.length > 1 ? noName(asked) : pick(asked, [{ ...common(asked), type: 'TXT', text: '1.1.0' }])
    default:
      return noName(asked)
  }
}

function apex(asked: Asked): Answer {
  const target = nameServerOf(asked.options)
  const records: readonly DnsRecord[] = [soa(asked), { ...common(asked), type: 'NS', target }]
  const isNameServer = asked.question.type === recordType.NS
  return pick(asked, records, isNameServer ? nameServerAddresses(asked, target) : [])
}

/** `ns.dns`: where the cluster's name server is found, like CoreDNS by the Service it is behind. */
function nameServer(asked: Asked, path: readonly string[]): Answer {
  if (path.length === 1) return noData(asked)
  const addresses = nameServerAddresses(asked, asked.question.name)
  if (path.length > 2 || path[0] !== 'ns' || addresses.length === 0) return noName(asked)
  return pick(asked, addresses)
}

function nameServerAddresses(asked: Asked, name: string): readonly DnsRecord[] {
  const service = asked.zone.service(objectKey('kube-system', 'kube-dns'))?.service
  return service?.type === 'cluster-ip' ? service.addresses.map((address) => addressRecord(asked, name, address)) : []
}

function reverse(asked: Asked, address: string): Answer {
  const names = asked.zone.namesOf(address)
  if (names.length === 0) return { outcome: 'elsewhere' }
  const suffix = `svc.${asked.options.clusterDomain}`
  return pick(asked, names.map((name) => ({ ...common(asked), type: 'PTR', target: `${name}.${suffix}` })))
}
