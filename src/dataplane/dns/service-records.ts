import { objectKey } from '../../api/object.ts'
import { addressRecord, common, found, noData, noName, pick, type Answer, type Asked } from './answer.ts'
import { labelOf } from './dns-objects.ts'
import { recordType, type DnsRecord } from './record.ts'
import type { DnsEndpoint, DnsPort, ZoneService } from './zone.ts'

/** Answers for `<prefix>.<service>.<namespace>` below `svc`. */
export function serviceAnswer(asked: Asked, path: readonly string[]): Answer {
  const { zone, options } = asked
  const [namespace] = path.slice(-1)
  if (namespace === undefined) return noData(asked)
  const [name] = path.slice(-2, -1)
  if (name === undefined) return zone.hasNamespace(namespace) ? noData(asked) : noName(asked)
  const key = objectKey(namespace, name)
  const askedService = { ...asked, service: key }
  const view = zone.service(key)
  if (view === undefined) return noName(askedService)
  return ofService({ ...askedService, view, base: `${name}.${namespace}.svc.${options.clusterDomain}` }, path.slice(0, -2))
}

interface AskedService extends Asked {
  readonly view: ZoneService
  /** The Service's whole name, in lower case. */
  readonly base: string
}

function ofService(asked: AskedService, prefix: readonly string[]): Answer {
  const { service } = asked.view
  const [first = '', second = ''] = prefix
  if (service.type === 'external-name') return prefix.length === 0 ? external(asked, service.target) : noName(asked)
  switch (prefix.length) {
    case 0:
      return allOf(asked, targetsOf(asked))
    case 1:
      return allOf(asked, asked.view.endpointsNamed(first).map(endpointTarget))
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
  return follows ? { outcome: 'alias', alias } : found(asked, [alias], [])
}

/** A name that has addresses, and the ports that are served there. */
interface Target {
  /** In front of the Service's name; '' for that name itself. */
  readonly label: string
  readonly addresses: readonly string[]
  readonly ports: readonly DnsPort[]
}

function targetsOf({ view }: AskedService): readonly Target[] {
  const { service } = view
  if (service.type === 'cluster-ip') return [{ label: '', addresses: service.addresses, ports: service.ports }]
  return view.endpoints.map(endpointTarget)
}

function endpointTarget(endpoint: DnsEndpoint): Target {
  return { label: labelOf(endpoint).toLowerCase(), addresses: [endpoint.address], ports: endpoint.ports }
}

/** The addresses of a name, and SRV for each of its ports. */
function allOf(asked: AskedService, targets: readonly Target[]): Answer {
  if (targets.length === 0) return noName(asked)
  if (asked.question.type === recordType.SRV) return services(asked, targets, () => true)
  const addresses = new Set(targets.flatMap(({ addresses }) => addresses))
  return pick(asked, [...addresses].map((address) => addressRecord(asked, asked.question.name, address)))
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

/** SRV of the matching ports, all of one priority and equal weight, with the addresses of what they point to. */
function services(asked: AskedService, targets: readonly Target[], matches: (port: DnsPort) => boolean): Answer {
  const byPair = new Map<string, { target: string; port: number }>()
  for (const { label, ports } of targets) {
    const target = nameOf(asked, label)
    for (const { port } of ports.filter(matches)) byPair.set(`${label} ${port}`, { target, port })
  }
  if (byPair.size === 0) return noData(asked)
  const fields = { ...common(asked), type: 'SRV', priority: 0, weight: Math.max(1, Math.floor(100 / byPair.size)) } as const
  return found(asked, Array.from(byPair.values(), (pair) => ({ ...fields, ...pair })), addressesOf(asked, targets))
}

/** Made one by one, because hardly ever all of many are sent. */
function* addressesOf(asked: AskedService, targets: readonly Target[]): Iterable<DnsRecord> {
  const told = new Set<string>()
  for (const { label, addresses } of targets) {
    for (const address of addresses) {
      const pair = `${label} ${address}`
      if (!told.has(pair)) yield addressRecord(asked, nameOf(asked, label), address)
      told.add(pair)
    }
  }
}

function nameOf({ base }: AskedService, label: string): string {
  return label === '' ? base : `${label}.${base}`
}
