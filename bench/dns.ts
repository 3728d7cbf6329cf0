import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestNetwork } from '../src/kernel/test-network.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { installPrograms } from './debian-programs.ts'
import { dnsProgramming } from './dns-programming.ts'
import { DnsServers, type DnsServerName, type RunningDnsServer } from './dns-servers.ts'
import { addressQuestions, dnsWorld, mixedQuestions } from './dns-world.ts'
import { type DnsAnswers, type DnsLatency, fullLoad, latencyAt } from './dnsperf.ts'
import { cpuBetween, cpuOf, pssOf } from './process-usage.ts'

const size = { services: 10_000, endpoints: 5 }
const questionCount = 10_000
const rounds = 5
/** Those whose figures are far from ours take part only in the first rounds. */
const fewerRounds: Partial<Readonly<Record<DnsServerName, number>>> = { 'ours, encoding each answer': 3, 'ours, packet by packet': 3, dnsmasq: 1 }
/** Whose latency is measured. */
const calmServers: readonly DnsServerName[] = ['ours', 'ours, packet by packet', 'dnsmasq without SRV', 'knot']
/** For the latency of single answers: a load that all of them bear. */
const calmPerSecond = 10_000
const [serverAddress, clientAddress, clients] = ['10.255.0.1', '10.255.0.2', '10.255.0.0/24'] as const
const coreDns = 'CoreDNS: 33,669/s (published, 2 vCPU)'

/**
 * Answers per second, their latency, CPU and memory: our server, the same without answers that are kept as they are sent, the
 * same without batches, dnsmasq, and knot with one thread, which all know the same 10,000 Services and 50,000 endpoints; and a
 * program that only sends back what it gets. They run in a network namespace of their own and are asked from another one, in
 * turn, in each round, with dnsperf beside them on the same cores.
 * Then a live cluster: the time from a write to the first right answer.
 */
export const dns: Benchmark = {
  name: 'dns',
  measures: 'answers/s, latency, CPU and memory next to dnsmasq and knot, 10,000 Services; API write → first right answer',
  async run(say) {
    say('takes about four minutes')
    await installPrograms(['dnsperf', { program: 'dnsmasq', inPackage: 'dnsmasq-base' }, { program: 'knotd', inPackage: 'knot' }], say)
    return [...(await serving(say)), ...(await dnsProgramming(say))]
  },
}

type QuestionSet = 'mixed' | 'addresses'

/** Who is asked what. */
const asked: Readonly<Record<QuestionSet, readonly DnsServerName[]>> = {
  mixed: ['ours', 'ours, encoding each answer', 'ours, packet by packet', 'dnsmasq', 'knot'],
  addresses: ['ours', 'ours, encoding each answer', 'ours, packet by packet', 'dnsmasq without SRV', 'knot', 'bare Node.js'],
}
const sets = ['mixed', 'addresses'] as const

interface Sample extends DnsAnswers {
  /** Microseconds of CPU of the server for each answer. */
  readonly cpu: number
}

interface Results {
  readonly samples: Map<string, Sample[]>
  readonly latencies: Map<DnsServerName, DnsLatency[]>
}

async function serving(say: (line: string) => void): Promise<Figure[]> {
  await using network = new TestNetwork()
  const [namespace, client] = [await network.namespace('dns'), await network.namespace('client')]
  await network.link({ namespace, address: `${serverAddress}/24` }, { namespace: client, address: `${clientAddress}/24` })
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bench-dns-questions-'))
  const world = dnsWorld(size)
  const files: Readonly<Record<QuestionSet, string>> = { mixed: join(folder.path, 'mixed'), addresses: join(folder.path, 'addresses') }
  await writeFile(files.mixed, mixedQuestions(world, questionCount).join('\n'))
  await writeFile(files.addresses, addressQuestions(world, questionCount).join('\n'))
  await using servers = await DnsServers.create(namespace, serverAddress)
  const all = [
    await servers.ours(5301, 'ours', { clients, size }),
    await servers.ours(5302, 'ours, encoding each answer', { clients, size }),
    await servers.ours(5303, 'ours, packet by packet', { clients, size }),
    await servers.dnsmasq(5304, 'dnsmasq', world),
    await servers.dnsmasq(5305, 'dnsmasq without SRV', world),
    await servers.knot(5306, world),
    await servers.bare(5307),
  ]
  say('all servers answer')
  const load = (server: RunningDnsServer, set: QuestionSet) => ({ from: client, server: serverAddress, port: server.port, questions: files[set] })
  const results: Results = { samples: new Map(), latencies: new Map() }
  // The first round is not counted: programs become faster, and keep answers, as they run.
  for (let round = 0; round <= rounds; round += 1) {
    const into: Results = round === 0 ? { samples: new Map(), latencies: new Map() } : results
    for (const server of all.filter(({ name }) => round <= (fewerRounds[name] ?? rounds))) {
      for (const set of sets.filter((each) => asked[each].includes(server.name))) {
        add(into.samples, `${set} ${server.name}`, await sample(server, () => fullLoad(load(server, set))))
      }
      if (calmServers.includes(server.name)) add(into.latencies, server.name, await latencyAt(load(server, 'addresses'), calmPerSecond))
    }
    say(round === 0 ? 'all are warm' : `round ${round} of ${rounds}`)
  }
  for (const [name, samples] of results.samples) say(`${name}: ${samples[0]?.codes}`)
  return [...sets.flatMap((set) => rateFigures(set, results)), ...all.flatMap((server) => otherFigures(server, results))]
}

async function sample({ pid }: RunningDnsServer, run: () => Promise<DnsAnswers>): Promise<Sample> {
  const before = cpuOf(pid)
  const answers = await run()
  const { user, system } = cpuBetween(before, cpuOf(pid))
  return { ...answers, cpu: ((user + system) * 1000) / answers.count }
}

function rateFigures(set: QuestionSet, { samples }: Results): Figure[] {
  const of = (name: DnsServerName) => samples.get(`${set} ${name}`) ?? []
  const names = asked[set]
  const what = set === 'mixed' ? 'mixed names' : 'addresses of Services'
  const goal = { goal: '≥ 100,000 /s, ≥ 3 × CoreDNS', others: coreDns }
  return [
    ...names.flatMap((name): Figure[] => [
      { what: `${what}: ${name}`, value: median(of(name).map(rate)), unit: '/s', ...(name === 'ours' ? goal : {}) },
      { what: `${what}: ${name}, CPU each`, value: median(of(name).map(cpu)), unit: 'µs' },
    ]),
    ...names.slice(1).flatMap((name): Figure[] => [
      { what: `${what}: ours ÷ ${name}`, value: ratio(of('ours'), of(name), rate), unit: '×' },
      { what: `${what}: CPU, ${name} ÷ ours`, value: ratio(of(name), of('ours'), cpu), unit: '×' },
    ]),
    { what: `${what}: lost by ours`, value: of('ours').reduce((sum, { lost }) => sum + lost, 0), unit: 'requests', goal: '0' },
  ]
}

function otherFigures({ name, pid }: RunningDnsServer, { latencies }: Results): Figure[] {
  const of = (read: (latency: DnsLatency) => number) => median((latencies.get(name) ?? []).map(read))
  const calm = `addresses at ${calmPerSecond} /s: ${name}`
  const latency: Figure[] = [
    { what: `${calm}, p50`, value: of(({ p50 }) => p50), unit: 'ms' },
    { what: `${calm}, p99`, value: of(({ p99 }) => p99), unit: 'ms', ...(name === 'ours' ? { goal: '< 2 ms' } : {}) },
  ]
  return [...(calmServers.includes(name) ? latency : []), { what: `memory: ${name}`, value: pssOf(pid), unit: 'MB' }]
}

const rate = ({ perSecond }: Sample) => perSecond
const cpu = (sample: Sample) => sample.cpu

/** Median of the ratios in the rounds in which both took part, so that what slowed down a whole round does not count. */
function ratio(one: readonly Sample[], other: readonly Sample[], of: (sample: Sample) => number): number {
  return median(
    one.flatMap((sample, round) => {
      const beside = other[round]
      return beside === undefined ? [] : [of(sample) / of(beside)]
    }),
  )
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value])
}
