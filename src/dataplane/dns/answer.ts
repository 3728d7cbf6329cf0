import { isIPv4 } from 'node:net'
import type { ObjectKey } from '../../api/object.ts'
import { recordType, type DnsRecord, type Question } from './record.ts'
import type { Zone } from './zone.ts'

/** Whether pods have names: only those that are there, every address, none. CoreDNS's modes of the same names. */
export type PodRecords = 'verified' | 'insecure' | 'disabled'

export interface RecordOptions {
  /** `cluster.local` */
  readonly clusterDomain: string
  readonly ttlSeconds: number
  readonly podRecords: PodRecords
}

export type Answer =
  | (FromZone & { readonly outcome: 'found'; readonly answers: readonly DnsRecord[]; readonly additionals: Iterable<DnsRecord> })
  /** The name is there, records of this type are not. */
  | (FromZone & { readonly outcome: 'no-data'; readonly authority: DnsRecord })
  | (FromZone & { readonly outcome: 'no-name'; readonly authority: DnsRecord })
  /** The name stands for another one, which has to be asked for the same type. */
  | { readonly outcome: 'alias'; readonly alias: DnsRecord & { readonly type: 'CNAME' } }
  /** Not a name of the cluster. */
  | { readonly outcome: 'elsewhere' }
  | { readonly outcome: 'not-synced' }
  | { readonly outcome: 'refused' }

interface FromZone {
  /** The one Service that the answer depends on. Undefined: it may depend on anything in the zone. */
  readonly service?: ObjectKey
}

/** Which of many records an answer has: so many, and those after this share of all, so that each is the first in turn. */
export interface Choice {
  readonly most: number
  /** In [0, 1). */
  readonly share: number
}

/** A question with what it is answered from. */
export interface Asked {
  readonly question: Question
  readonly zone: Zone
  readonly options: RecordOptions
  readonly choice: Choice
  readonly service?: ObjectKey
}

/** What an answer has of all that there are: one after the other, as in a ring. */
export function chosen<T>(all: readonly T[], { most, share }: Choice): readonly T[] {
  const start = Math.floor(share * all.length)
  if (all.length <= most) return start === 0 ? all : [...all.slice(start), ...all.slice(0, start)]
  const tail = all.slice(start, start + most)
  return [...tail, ...all.slice(0, most - tail.length)]
}

/** Those of the records that are of the type asked for. */
export function pick(asked: Asked, records: readonly DnsRecord[], additionals: Iterable<DnsRecord> = []): Answer {
  const answers = records.filter(({ type }) => recordType[type] === asked.question.type)
  return answers.length === 0 ? noData(asked) : found(asked, answers, additionals)
}

export function found(asked: Asked, answers: readonly DnsRecord[], additionals: Iterable<DnsRecord>): Answer {
  return { outcome: 'found', answers, additionals, ...origin(asked) }
}

export function noData(asked: Asked): Answer {
  return { outcome: 'no-data', authority: soa(asked), ...origin(asked) }
}

export function noName(asked: Asked): Answer {
  return { outcome: 'no-name', authority: soa(asked), ...origin(asked) }
}

export function common({ question, options }: Asked): { name: string; ttlSeconds: number } {
  return { name: question.name, ttlSeconds: options.ttlSeconds }
}

export function addressRecord({ options }: Asked, name: string, address: string): DnsRecord {
  return { name, ttlSeconds: options.ttlSeconds, type: isIPv4(address) ? 'A' : 'AAAA', address }
}

/** Its TTL and minimum say for how long a negative answer may be kept (RFC 2308). */
export function soa({ zone, options }: Asked): DnsRecord {
  const { clusterDomain, ttlSeconds } = options
  return {
    type: 'SOA',
    name: clusterDomain,
    ttlSeconds,
    primary: nameServerOf(options),
    mailbox: `hostmaster.${clusterDomain}`,
    serial: zone.serial,
    refreshSeconds: 7200,
    retrySeconds: 1800,
    expireSeconds: 86_400,
    minimumSeconds: ttlSeconds,
  }
}

export function nameServerOf({ clusterDomain }: RecordOptions): string {
  return `ns.dns.${clusterDomain}`
}

function origin({ service }: Asked): FromZone {
  return service === undefined ? {} : { service }
}
