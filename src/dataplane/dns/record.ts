/** The record types that are answered or treated on their own, with their numbers (IANA DNS parameters). */
export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const rcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const

/** What is asked. Class is always IN. */
export interface Question {
  /** Labels in lower case, one character per octet; none for the root. */
  readonly labels: readonly string[]
  /** The name as it was written, for records about it. */
  readonly name: string
  readonly type: number
}

/** Names are without the final dot. */
export type DnsRecord =
  | (Common & { readonly type: 'A' | 'AAAA'; readonly address: string })
  | (Common & { readonly type: 'CNAME' | 'NS' | 'PTR'; readonly target: string })
  | (Common & { readonly type: 'TXT'; readonly text: string })
  | (Common & {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    })
  | (Common & {
      readonly type: 'SOA'
      readonly primary: string
      readonly mailbox: string
      readonly serial: number
      readonly refreshSeconds: number
      readonly retrySeconds: number
      readonly expireSeconds: number
      readonly minimumSeconds: number
    })

interface Common {
  readonly name: string
  readonly ttlSeconds: number
}

/** The labels of a name in ASCII, as in `Question`. */
export function labelsOf(name: string): readonly string[] {
  const trimmed = name.endsWith('.') ? name.slice(0, -1) : name
  return trimmed === '' ? [] : trimmed.toLowerCase().split('.')
}

/** The labels in front of a domain; undefined for a name outside of it. */
export function labelsBelow(labels: readonly string[], domain: readonly string[]): readonly string[] | undefined {
  const start = labels.length - domain.length
  const isBelow = start >= 0 && domain.every((label, index) => labels[start + index] === label)
  return isBelow ? labels.slice(0, start) : undefined
}
