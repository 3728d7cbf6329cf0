import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { realProcesses } from '../src/kernel/real-processes.ts'
import type { TestNamespace } from '../src/kernel/test-network.ts'
import { eventually } from '../test/test-cluster.ts'
import { clusterDomain, endpointPort, labelOf, nameOf, pointerOf, portName, servicePort } from './dns-world.ts'
import type { DnsBenchService, DnsWorldSize } from './dns-world.ts'

/** A DNS server that answers for the world. */
export interface RunningDnsServer {
  readonly name: DnsServerName
  readonly port: number
  readonly pid: number
}

/** Ours by how they are run, and the mode of `dns-server-program.ts` for it. */
const ourModes = { ours: 'keep', 'ours, encoding each answer': 'encode', 'ours, packet by packet': 'single' } as const

type OurServerName = keyof typeof ourModes

export type DnsServerName = OurServerName | 'dnsmasq' | 'dnsmasq without SRV' | 'knot' | 'bare Node.js'

/** How long loading 10,000 Services may take. */
const startMs = 60_000

/** DNS servers in one network namespace, each on a port of its own. They end with this process. */
export class DnsServers implements AsyncDisposable {
  readonly #directory: string
  readonly #namespace: TestNamespace
  readonly #address: string
  readonly #ends: (() => Promise<unknown>)[] = []

  private constructor(directory: string, namespace: TestNamespace, address: string) {
    this.#directory = directory
    this.#namespace = namespace
    this.#address = address
  }

  static async create(namespace: TestNamespace, address: string): Promise<DnsServers> {
    return new DnsServers(await mkdtemp(join(tmpdir(), 'bench-dns-')), namespace, address)
  }

  ours(port: number, name: OurServerName, { clients, size }: { clients: string; size: DnsWorldSize }): Promise<RunningDnsServer> {
    const program = fileURLToPath(new URL('dns-server-program.ts', import.meta.url))
    const words = [this.#address, String(port), clients, String(size.services), String(size.endpoints), ourModes[name]]
    return this.#start(name, port, [process.execPath, program, ...words])
  }

  /** Answers nothing, but as many of it as Node.js can. */
  bare(port: number): Promise<RunningDnsServer> {
    const program = fileURLToPath(new URL('dns-bare-program.ts', import.meta.url))
    return this.#start('bare Node.js', port, [process.execPath, program, this.#address, String(port)])
  }

  /** It keeps SRV records in a list, which makes every answer take longer: hence also without. */
  async dnsmasq(port: number, name: 'dnsmasq' | 'dnsmasq without SRV', world: readonly DnsBenchService[]): Promise<RunningDnsServer> {
    const [hosts, services] = [join(this.#directory, `hosts-${port}`), join(this.#directory, `services-${port}`)]
    await writeFile(hosts, hostsFile(world))
    await writeFile(services, name === 'dnsmasq' ? world.flatMap(srvLines).join('\n') : '')
    const alone = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root', '--pid-file']
    const where = ['--bind-interfaces', `--listen-address=${this.#address}`, `--port=${port}`]
    const what = [`--local=/${clusterDomain}/`, '--local=/10.in-addr.arpa/', `--addn-hosts=${hosts}`, '--local-ttl=5']
    return this.#start(name, port, ['dnsmasq', ...alone, ...where, ...what, `--conf-file=${services}`])
  }

  async knot(port: number, world: readonly DnsBenchService[]): Promise<RunningDnsServer> {
    const [directory, configuration] = [join(this.#directory, 'knot'), join(this.#directory, 'knot.conf')]
    await realProcesses.run(['mkdir', '-p', directory])
    await writeFile(join(directory, `${clusterDomain}.zone`), forwardZone(world))
    await writeFile(join(directory, '10.in-addr.arpa.zone'), reverseZone(world))
    await writeFile(configuration, knotConfiguration(directory, `${this.#address}@${port}`))
    return this.#start('knot', port, ['knotd', '--config', configuration])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()))
    await rm(this.#directory, { recursive: true })
  }

  /** Resolves when it answers. */
  async #start(name: DnsServerName, port: number, command: readonly string[]): Promise<RunningDnsServer> {
    // It ends when the shell's input does, and so when this process does.
    const script = '"$@" >/dev/null & echo "process $!" >&2; cat; kill $!; wait'
    let said = ''
    const server = realProcesses.start(['sh', '-c', script, 'sh', ...command], {
      netns: this.#namespace.path,
      onStderr: (piece) => (said += piece),
    })
    this.#ends.push(() => {
      server.endInput()
      return server.ended
    })
    const last = `service-0.team-0.svc.${clusterDomain}`
    const ask = ['dig', '+noall', '+comments', '+tries=1', '+time=1', `@${this.#address}`, '-p', String(port), last] as const
    await eventually(`${name} answers`, async () => (await this.#namespace.run(...ask)).includes('status: NOERROR'), startMs)
    return { name, port, pid: Number(/^process (\d+)$/m.exec(said)?.[1] ?? NaN) }
  }
}

function hostsFile(world: readonly DnsBenchService[]): string {
  return world
    .flatMap((service) => [
      ...(service.clusterIP === undefined ? [] : [`${service.clusterIP} ${nameOf(service)}`]),
      ...service.endpoints.map((address) => {
        const own = `${labelOf(address)}.${nameOf(service)}`
        return `${address} ${own}${service.clusterIP === undefined ? ` ${nameOf(service)}` : ''}`
      }),
    ])
    .join('\n')
}

/** What SRV of the one port leads to: the Service itself, or each endpoint of a headless one. */
function srvTargets(service: DnsBenchService): readonly { target: string; port: number }[] {
  if (service.clusterIP !== undefined) return [{ target: nameOf(service), port: servicePort }]
  return service.endpoints.map((address) => ({ target: `${labelOf(address)}.${nameOf(service)}`, port: endpointPort }))
}

function srvLines(service: DnsBenchService): string[] {
  return srvTargets(service).map(({ target, port }) => `srv-host=_${portName}._tcp.${nameOf(service)},${target},${port}`)
}

const zoneHead = `$TTL 5\n@ SOA ns.dns.${clusterDomain}. hostmaster.${clusterDomain}. 1 7200 1800 86400 5\n@ NS ns.dns.${clusterDomain}.\n`

function forwardZone(world: readonly DnsBenchService[]): string {
  const lines = world.flatMap((service) => {
    const own = `${nameOf(service)}.`
    const targets = srvTargets(service)
    return [
      ...(service.clusterIP === undefined ? service.endpoints : [service.clusterIP]).map((address) => `${own} A ${address}`),
      ...service.endpoints.map((address) => `${labelOf(address)}.${own} A ${address}`),
      ...targets.map(({ target, port }) => `_${portName}._tcp.${own} SRV 0 ${Math.floor(100 / targets.length)} ${port} ${target}.`),
    ]
  })
  return `${zoneHead}ns.dns A 192.0.2.53\n${lines.join('\n')}\n`
}

function reverseZone(world: readonly DnsBenchService[]): string {
  const lines = world.flatMap((service) => [
    ...(service.clusterIP === undefined ? [] : [`${pointerOf(service.clusterIP)}. PTR ${nameOf(service)}.`]),
    ...service.endpoints.map((address) => `${pointerOf(address)}. PTR ${labelOf(address)}.${nameOf(service)}.`),
  ])
  return `${zoneHead}${lines.join('\n')}\n`
}

/** One thread, as the others have. */
function knotConfiguration(directory: string, listen: string): string {
  return `server:
  rundir: "${directory}"
  listen: ${listen}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${directory}"
template:
  - id: default
    storage: "${directory}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: ${clusterDomain}
  - domain: 10.in-addr.arpa
`
}
