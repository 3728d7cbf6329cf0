import type { TestNamespace } from '../src/kernel/test-network.ts'
import { percentile } from './benchmark.ts'

export interface DnsLoad {
  readonly from: TestNamespace
  readonly server: string
  readonly port: number
  /** A file with a question a line. */
  readonly questions: string
}

export interface DnsAnswers {
  readonly count: number
  readonly perSecond: number
  readonly lost: number
  /** How many of each response code: equal for servers that know the same. */
  readonly codes: string
}

/** Of single answers, in milliseconds. */
export interface DnsLatency {
  readonly p50: number
  readonly p99: number
}

const clients = 16
const outstanding = 100
const seconds = 2

/** As many questions as are answered, a hundred of them under way at any time. */
export async function fullLoad(load: DnsLoad): Promise<DnsAnswers> {
  const output = await dnsperf(load, ['-l', String(seconds), '-c', String(clients), '-q', String(outstanding)])
  return {
    count: field(output, /Queries completed: +(\d+)/),
    perSecond: field(output, /Queries per second: +([\d.]+)/),
    lost: field(output, /Queries lost: +(\d+)/),
    codes: (/Response codes: +(.*)/.exec(output)?.[1] ?? '').replace(/ \d+ \(([\d.]+%)\)/g, ' $1'),
  }
}

/** A number of questions a second that leaves some room. */
export async function latencyAt(load: DnsLoad, perSecond: number): Promise<DnsLatency> {
  const output = await dnsperf(load, ['-l', String(seconds), '-c', String(clients), '-Q', String(perSecond), '-v'])
  const times = Array.from(output.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm), ([, time]) => Number(time) * 1000)
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

function dnsperf({ from, server, port, questions }: DnsLoad, how: readonly string[]): Promise<string> {
  return from.run('dnsperf', '-s', server, '-p', String(port), '-d', questions, ...how)
}

function field(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1] ?? NaN)
}
