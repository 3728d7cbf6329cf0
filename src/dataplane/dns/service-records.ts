import { isIPv4 } from 'node:net'
import { objectKey } from '../../api/object.ts'
import { addressRecord, chosen, common, found, noData, noName, type Answer, type Asked } from './answer.ts'
import { labelOf } from './dns-objects.ts'
import { recordType, type DnsRecord } from './record.ts'
import type { DnsPort, ZoneService } from './zone.ts'

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
      return allOf(asked, targetsOf(asked), '')
    case 1:
      return allOf(asked, endpointsNamed(asked, first), first)
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
  return endpointTargets(view)
}

function endpointTargets(view: ZoneService): readonly Target[] {
  return view.once('targets', () =>
    view.endpoints.map((endpoint) => ({ label: labelOf(endpoint).toLowerCase(), addresses: [endpoint.address], ports: endpoint.ports })),
  )
}

/** Endpoints with a host name, or, where they have none, with an address that is written so. */
function endpointsNamed({ view }: AskedService, label: string): readonly Target[] {
  const byLabel = view.once('by label', () => Map.groupBy(endpointTargets(view), (target) => target.label))
  return byLabel.get(label) ?? []
}

/** The addresses of a name, and SRV for each of its ports. `label` is in front of the Service's name. */
function allOf(asked: AskedService, targets: readonly Target[], label: string): Answer {
  if (targets.length === 0) return noName(asked)
  const { type, name } = asked.question
  switch (type) {
    case recordType.SRV:
      return services(asked, targets, { key: `srv ${label}`, matches: () => true })
    case recordType.A:
    case recordType.AAAA: {
      const addresses = asked.view.once(`${type} ${label}`, () => addressesOf(targets, type))
      if (addresses.length === 0) return noData(asked)
      return found(asked, chosen(addresses, asked.choice).map((address) => addressRecord(asked, name, address)), [])
    }
    default:
      return noData(asked)
  }
}

function addressesOf(targets: readonly Target[], type: number): readonly string[] {
  const all = new Set(targets.flatMap(({ addresses }) => addresses))
  return [...all].filter((address) => isIPv4(address) === (type === recordType.A))
}

/** `_<port>._<protocol>` in front of a Service's name. */
function ofPort(asked: AskedService, portLabel: string, protocolLabel: string): Answer {
  if (!portLabel.startsWith('_') || !protocolLabel.startsWith('_')) return noName(asked)
  const [name, protocol] = [portLabel.slice(1), protocolLabel.slice(1)]
  const matches = (port: DnsPort) => port.name === name && port.protocol === protocol && name !== ''
  const all = targetsOf(asked)
  if (!all.some(({ ports }) => ports.some(matches))) return noName(asked)
  // From here on it is one of the ports that there are: not everybody's words are kept.
  if (asked.question.type !== recordType.SRV) return noData(asked)
  const key = `${portLabel} ${protocolLabel}`
  const targets = asked.view.once(`targets ${key}`, () => all.filter(({ ports }) => ports.some(matches)))
  return services(asked, targets, { key: `srv ${key}`, matches })
}

/** SRV of the matching ports, all of one priority and equal weight, with the addresses of what they point to. */
function services(asked: AskedService, targets: readonly Target[], ports: { key: string; matches(port: DnsPort): boolean }): Answer {
  const pairs = asked.view.once(ports.key, () => distinctPairs(targets, (port) => ports.matches(port)))
  if (pairs.length === 0) return noData(asked)
  const fields = { ...common(asked), type: 'SRV', priority: 0, weight: Math.max(1, Math.floor(100 / pairs.length)) } as const
  // Askers choose by weight: where they begin does not matter, but that not always the same are left out does.
  const some = pairs.length > asked.choice.most ? chosen(pairs, asked.choice) : pairs
  const answers = some.map(({ label, port }) => ({ ...fields, port, target: nameOf(asked, label) }))
  return found(asked, answers, addressRecordsOf(asked, targets))
}

function distinctPairs(targets: readonly Target[], matches: (port: DnsPort) => boolean): readonly { label: string; port: number }[] {
  const byText = new Map<string, { label: string; port: number }>()
  for (const { label, ports } of targets) {
    for (const { port } of ports.filter(matches)) byText.set(`${label} ${port}`, { label, port })
  }
  return [...byText.values()]
}

/** Made one by one, because hardly ever all of many are sent. */
function* addressRecordsOf(asked: AskedService, targets: readonly Target[]): Iterable<DnsRecord> {
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
