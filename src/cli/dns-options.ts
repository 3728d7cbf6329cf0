import { type Command, InvalidArgumentError, Option } from 'commander'
import { longestTtlSeconds, parseStubDomain, parseUpstream, podRecordModes } from '../cluster/dns-settings.ts'
import type { DnsSettings, PodRecords, StubDomain } from '../cluster/dns-settings.ts'

/** As commander reads them; what was not given is not there. */
export interface DnsOptions {
  /** False: none from now on, whatever was chosen before. */
  readonly dnsUpstream?: readonly string[] | false
  readonly stubDomain?: readonly StubDomain[] | false
  readonly dnsTtl?: number
  readonly dnsPods?: PodRecords
  readonly dnsLog?: boolean
}

/** The options that say how names are answered. Those that can be given several times are kept together. */
export function addDnsOptions(command: Command): Command {
  return command
    .option('--dns-upstream <address>', 'a name server for names outside of the cluster (repeatable), or the path of a resolv.conf', several(upstream))
    .option('--no-dns-upstream', 'names outside of the cluster fail at once')
    .option('--stub-domain <domain=address>', 'a domain that another name server is asked about (repeatable)', several(parseStubDomain))
    .option('--no-stub-domain', 'no such domains')
    .option('--dns-ttl <seconds>', 'for how long answers about the cluster may be kept', ttl)
    .addOption(new Option('--dns-pods <mode>', 'which pods have names').choices(podRecordModes))
    .option('--dns-log', 'write a line for each DNS query')
    .option('--no-dns-log', 'write none')
}

/** The settings that were given. */
export function dnsSettingsOf({ dnsUpstream, stubDomain, dnsTtl, dnsPods, dnsLog }: DnsOptions): Partial<DnsSettings> {
  return {
    ...(dnsUpstream === undefined ? {} : { upstreams: dnsUpstream === false ? [] : dnsUpstream }),
    ...(stubDomain === undefined ? {} : { stubDomains: stubDomain === false ? [] : stubDomain }),
    ...(dnsTtl === undefined ? {} : { ttlSeconds: dnsTtl }),
    ...(dnsPods === undefined ? {} : { podRecords: dnsPods }),
    ...(dnsLog === undefined ? {} : { logQueries: dnsLog }),
  }
}

function several<T>(parse: (text: string) => T): (text: string, before: readonly T[] | boolean | undefined) => readonly T[] {
  return (text, before) => [...(typeof before === 'object' ? before : []), parse(text)]
}

function upstream(text: string): string {
  return parseUpstream('--dns-upstream', text)
}

function ttl(text: string): number {
  const seconds = Number(text)
  if (/^\d{1,4}$/.test(text) && seconds <= longestTtlSeconds) return seconds
  throw new InvalidArgumentError(`Give a number of seconds from 0 to ${longestTtlSeconds}.`)
}
