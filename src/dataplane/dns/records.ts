import { isIPv4 } from 'node:net'
import { labelsOf, recordType, type DnsRecord, type Question } from './record.ts'
import type { DnsEndpoint, DnsPort, DnsService, Zone } from './zone.ts'

export interface RecordOptions {
  /** `cluster.local` */
  readonly clusterDomain: string
  readonly ttlSeconds: number
}

export type Answer =
  | { readonly outcome: 'found'; readonly answers: readonly DnsRecord[]; readonly additionals: readonly DnsRecord[] }
  /** The name is there, records of this type are not. */
  | { readonly outcome: 'no-data'; readonly authority: DnsRecord }
  | { readonly outcome: 'no-name'; readonly authority: DnsRecord }
  /** The name stands for another one, which has to be asked for the same type. */
  | { readonly outcome: 'alias'; readonly alias: DnsRecord & { readonly type: 'CNAME' } }
  /** Not a name of the cluster. */
  | { readonly outcome: 'elsewhere' }
  | { readonly outcome: 'not-synced' }
  | { readonly outcome: 'refused' }

/**
 * Answers a question from the state of the cluster, by the Kubernetes DNS-Based Service Discovery specification 1.1.0
 * and, where that is silent, as CoreDNS's kubernetes plugin does: a headless Service without ready endpoints has no
 * name; every Service's endpoints have names; SRV of a Service's own name lists all its ports. Pure.
 */
export function answer(question: Question, zone: Zone, options: RecordOptions): Answer {
  const path = below(question.labels, labelsOf(options.clusterDomain))
  const address = reverseAddress(question.labels)
  if (path === undefined && address === undefined) return { outcome: 'elsewhere' }
  if (unanswered.has(question.type)) return { outcome: 'refused' }
  if (!zone.synced) return { outcome: 'not-synced' }
  const asked = { question, zone, options }
  return path === undefined ? reverse(asked, address ?? '') : forward(asked, path)
}

interface Asked {
  readonly question: Question
  readonly zone: Zone
  readonly options: RecordOptions
}

// RFC 8482: ANY need not be answered, and would serve amplification most of all.
const unanswered: ReadonlySet<number> = new Set([recordType.AXFR, recordType.IXFR, recordType.ANY])

function forward(asked: Asked, path: readonly string[]): Answer {
  const [top] = path.slice(-1)
  if (top === undefined) return apex(asked)
  switch (top) {
    case 'svc':
      return belowSvc(asked, path.slice(0, -1))
    case 'pod':
      return belowPod(asked, path.slice(0, -1))
    case 'dns':
      return nameServer(asked, path)
    case 'dns-version':
      return path.length > 1 ? noName(asked) : pick(asked, [{ ...common(asked), type: 'TXT', text: '1.1.0' }])
    default:
      return noName(asked)
  }
}

/** `<prefix>.<service>.<namespace>` */
function belowSvc(asked: Asked, path: readonly string[]): Answer {
  const { zone } = asked
  const [namespace] = path.slice(-1)
  if (namespace === undefined) return noData(asked)
  const [name] = path.slice(-2, -1)
  if (name === undefined) return zone.hasNamespace(namespace) ? noData(asked) : noName(asked)
  const service = zone.service(namespace, name)
  if (service === undefined) return noName(asked)
  return ofService({ ...asked, service, namespace, name }, path.slice(0, -2))
}

/** `<namespace>`; pods themselves have no names yet. */
function belowPod(asked: Asked, path: readonly string[]): Answer {
  const [namespace] = path
  const exists = namespace === undefined || (path.length === 1 && asked.zone.hasNamespace(namespace))
  return exists ? noData(asked) : noName(asked)
}

interface AskedService extends Asked {
  readonly service: DnsService
  readonly namespace: string
  readonly name: string
}

function ofService(asked: AskedService, prefix: readonly string[]): Answer {
  const [first = '', second = ''] = prefix
  switch (prefix.length) {
    case 0:
      return asked.service.type === 'external-name' ? external(asked, asked.service.target) : all(asked)
    case 1:
      return ofEndpoint(asked, first)
    case 2:
      return ofPort(asked, first, second)
    default:
      return noName(asked)
  }
}

function external(asked: AskedService, target: string): Answer {
  const alias = { ...common(asked), type: 'CNAME', target } as const
  const { type } = asked.question
  const follows = type === recordType.A || type === recordType.AAAA
  return follows ? { outcome: 'alias', alias } : { outcome: 'found', answers: [alias], additionals: [] }
}

/** The Service's own name: its addresses, and SRV for each of its ports. */
function all(asked: AskedService): Answer {
  const targets = targetsOf(asked)
  if (targets.length === 0) return noName(asked)
  if (asked.question.type === recordType.SRV) return services(asked, targets, () => true)
  return pick(asked, addressRecords(asked, asked.question.name, targets.flatMap(({ addresses }) => addresses)))
}

/** `<hostname>` in front of a Service's name. */
function ofEndpoint(asked: AskedService, hostname: string): Answer {
  const targets = endpointTargets(asked).filter(({ label }) => label === hostname)
  if (asked.service.type === 'external-name' || targets.length === 0) return noName(asked)
  if (asked.question.type === recordType.SRV) return services(asked, targets, () => true)
  return pick(asked, addressRecords(asked, asked.question.name, targets.flatMap(({ addresses }) => addresses)))
}

/** `_<port>._<protocol>` in front of a Service's name. */
function ofPort(asked: AskedService, portLabel: string, protocolLabel: string): Answer {
  if (!portLabel.startsWith('_') || !protocolLabel.startsWith('_')) return noName(asked)
  const [name, protocol] = [portLabel.slice(1), protocolLabel.slice(1)]
  const matches = (port: DnsPort) => port.name === name && port.protocol === protocol && name !== ''
  const targets = targetsOf(asked).filter(({ ports }) => ports.some(matches))
  if (targets.length === 0) return noName(asked)
  return asked.question.type === recordType.SRV ? services(asked, targets, matches) : noData(asked)
}

/** A name that has addresses, and the ports that are served there. */
interface Target {
  /** In front of the Service's name; '' for that name itself. */
  readonly label: string
  readonly addresses: readonly string[]
  readonly ports: readonly DnsPort[]
}

function targetsOf(asked: AskedService): readonly Target[] {
  const { service } = asked
  switch (service.type) {
    case 'cluster-ip':
      return [{ label: '', addresses: service.addresses, ports: service.ports }]
    case 'headless':
      return endpointTargets(asked)
    case 'external-name':
      return []
    default:
      return service satisfies never
  }
}

function endpointTargets({ zone, namespace, name }: AskedService): readonly Target[] {
  return zone.endpoints(namespace, name).map(({ address, hostname, ports }: DnsEndpoint) => ({
    label: hostname.toLowerCase(),
    addresses: [address],
    ports,
  }))
}

/** SRV of the matching ports, all of one priority and equal weight, with the addresses of what they point to. */
function services(asked: AskedService, targets: readonly Target[], matches: (port: DnsPort) => boolean): Answer {
  const { namespace, name, options } = asked
  const base = `${name}.${namespace}.svc.${options.clusterDomain}`
  const named = targets.map((target) => ({ ...target, target: target.label === '' ? base : `${target.label}.${base}` }))
  const pairs = named.flatMap(({ target, ports }) => ports.filter(matches).map(({ port }) => ({ target, port })))
  const distinct = [...new Map(pairs.map((pair) => [`${pair.target} ${pair.port}`, pair])).values()]
  if (distinct.length === 0) return noData(asked)
  const weight = Math.max(1, Math.floor(100 / distinct.length))
  return {
    outcome: 'found',
    answers: distinct.map(({ target, port }) => ({ ...common(asked), type: 'SRV', priority: 0, weight, port, target })),
    additionals: distinctRecords(named.flatMap(({ target, addresses }) => addressRecords(asked, target, addresses))),
  }
}

function addressRecords({ options }: Asked, name: string, addresses: readonly string[]): readonly DnsRecord[] {
  return [...new Set(addresses)].map((address) => ({
    name,
    ttlSeconds: options.ttlSeconds,
    type: isIPv4(address) ? 'A' : 'AAAA',
    address,
  }))
}

function distinctRecords(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()]
}

function apex(asked: Asked): Answer {
  return pick(asked, [soa(asked), { ...common(asked), type: 'NS', target: `ns.dns.${asked.options.clusterDomain}` }])
}

/** `ns.dns`: where the cluster's name server is found, like CoreDNS by the Service it is behind. */
function nameServer(asked: Asked, path: readonly string[]): Answer {
  if (path.length === 1) return noData(asked)
  const service = asked.zone.service('kube-system', 'kube-dns')
  if (path.length > 2 || path[0] !== 'ns' || service?.type !== 'cluster-ip') return noName(asked)
  return pick(asked, addressRecords(asked, asked.question.name, service.addresses))
}

function reverse(asked: Asked, address: string): Answer {
  const suffix = `svc.${asked.options.clusterDomain}`
  const names = asked.zone.namesOf(address)
  if (names.length === 0) return { outcome: 'elsewhere' }
  return pick(asked, names.map((name) => ({ ...common(asked), type: 'PTR', target: `${name}.${suffix}` })))
}

/** Those of the records that are of the type asked for. */
function pick(asked: Asked, records: readonly DnsRecord[]): Answer {
  const answers = records.filter(({ type }) => recordType[type] === asked.question.type)
  return answers.length === 0 ? noData(asked) : { outcome: 'found', answers, additionals: [] }
}

function noData(asked: Asked): Answer {
  return { outcome: 'no-data', authority: soa(asked) }
}

function noName(asked: Asked): Answer {
  return { outcome: 'no-name', authority: soa(asked) }
}

function common({ question, options }: Asked): { name: string; ttlSeconds: number } {
  return { name: question.name, ttlSeconds: options.ttlSeconds }
}

/** Its TTL and minimum say for how long a negative answer may be kept (RFC 2308). */
function soa({ zone, options }: Asked): DnsRecord {
  const { clusterDomain, ttlSeconds } = options
  return {
    type: 'SOA',
    name: clusterDomain,
    ttlSeconds,
    primary: `ns.dns.${clusterDomain}`,
    mailbox: `hostmaster.${clusterDomain}`,
    serial: zone.serial,
    refreshSeconds: 7200,
    retrySeconds: 1800,
    expireSeconds: 86_400,
    minimumSeconds: ttlSeconds,
  }
}

/** The labels in front of the domain; undefined for a name outside of it. */
function below(labels: readonly string[], domain: readonly string[]): readonly string[] | undefined {
  const start = labels.length - domain.length
  const isBelow = start >= 0 && domain.every((label, index) => labels[start + index] === label)
  return isBelow ? labels.slice(0, start) : undefined
}

/** The address that `7.1.108.10.in-addr.arpa` asks about. */
function reverseAddress(labels: readonly string[]): string | undefined {
  const path = below(labels, ['in-addr', 'arpa'])
  if (path?.length !== 4) return undefined
  const address = [...path].reverse().join('.')
  return isIPv4(address) ? address : undefined
}
