import type { Log } from '../../base/log.ts'
import { CommandFailed, type Processes } from '../../kernel/processes.ts'
import { markOf } from './node-mark.ts'

/** The number that marks our rules and routes in the kernel's tables (`proto` in ip-route(8)); no daemon is known by it. */
const protocol = 109
/** Before the main table, behind the one of local addresses. */
const priority = 109

export interface NodePathsDeps {
  readonly processes: Processes
  readonly log: Log
}

interface IpRule {
  readonly fwmark?: string
  readonly table?: string
  readonly protocol?: string
}

interface IpRoute {
  readonly table?: string
  readonly gateway?: string
}

/**
 * Routes packets that carry the mark of a node to it, whatever address they are for: a table for each node, and a rule
 * that leads there. Both are in the network namespace in which programs run.
 */
export class NodePaths {
  readonly #deps: NodePathsDeps
  /** Numbers of the tables that are there, and right. */
  #held: Set<string> | undefined
  /** Nodes out of reach that have been reported. */
  readonly #reported = new Set<string>()

  constructor(deps: NodePathsDeps) {
    this.#deps = deps
  }

  /** Has paths to these nodes and no others. Resolves to those of the addresses that there is a path to. */
  async set(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    const held = (this.#held ??= await this.#clean())
    const tables = new Map(addresses.map((address) => [tableOf(address), address]))
    for (const table of [...held].filter((each) => !tables.has(each))) {
      await this.#ip(['-force'], [ruleLine('delete', table), flushLine(table)])
      held.delete(table)
    }
    for (const [table, address] of tables) if (!held.has(table) && (await this.#add(table, address))) held.add(table)
    return new Set(addresses.filter((address) => held.has(tableOf(address))))
  }

  /** Takes all paths away, whoever of us has made them. Resolves to whether there were any. */
  async remove(): Promise<boolean> {
    const hadAny = (this.#held ??= await this.#clean()).size > 0
    await this.set([])
    return hadAny
  }

  /** Looks whether the kernel has what it was told. What somebody else has changed, the next `set` puts right. Calls of both must not overlap. */
  async inspect(): Promise<'as told' | 'changed'> {
    const told = this.#held
    if (told === undefined) return 'as told' // nobody has been told anything
    this.#held = await this.#clean()
    if (this.#held.size === told.size && told.isSubsetOf(this.#held)) return 'as told'
    this.#deps.log.warn({}, 'somebody else changed the paths to nodes: they are made again')
    return 'changed'
  }

  /** One that is out of reach, being on another network, is no reason to lead nobody anywhere. It is tried each time. */
  async #add(table: string, address: string): Promise<boolean> {
    const route = `route replace default via ${address} table ${table} protocol ${protocol}`
    try {
      await this.#ip([], [route, ruleLine('add', table)])
      this.#reported.delete(address)
      return true
    } catch (err) {
      if (!(err instanceof CommandFailed)) throw err
      if (!this.#reported.has(address)) this.#deps.log.warn({ err, address }, 'no path to a node: it gets no connections of load balancers')
      this.#reported.add(address)
      return false
    }
  }

  /** What is there of ours and whole, as an earlier life left it. What is by halves, or leads elsewhere, is removed. */
  async #clean(): Promise<Set<string>> {
    const [rules, routes] = await this.#list()
    const right = routes.filter(({ table, gateway = '' }) => tableOf(gateway) === table)
    const [ruled, routed] = [rules, right].map((all) => new Set(all.map(({ table = '' }) => table)))
    const whole = new Set([...(ruled ?? [])].filter((table) => routed?.has(table)))
    const halves = [
      ...[...(ruled ?? [])].filter((table) => !whole.has(table)).map((table) => ruleLine('delete', table)),
      ...new Set(routes.map(({ table = '' }) => table)).difference(whole).values().map(flushLine),
    ]
    if (halves.length > 0) await this.#ip([], halves)
    return whole
  }

  async #ip(options: readonly string[], lines: readonly string[]): Promise<void> {
    await this.#deps.processes.run(['ip', ...options, '-batch', '-'], { input: `${lines.join('\n')}\n` })
  }

  async #list(): Promise<readonly [rules: readonly IpRule[], routes: readonly IpRoute[]]> {
    const input = `rule show\nroute show table all protocol ${protocol}\n`
    const { stdout } = await this.#deps.processes.run(['ip', '-json', '-4', '-batch', '-'], { input })
    // An array for each, on a line of its own.
    const [rules = [], routes = []] = stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as object[])
    return [rules.filter((rule: IpRule) => rule.protocol === String(protocol)), routes]
  }
}

function ruleLine(verb: 'add' | 'delete', table: string): string {
  const mark = `0x${Number(table).toString(16)}`
  return `rule ${verb} pref ${priority} fwmark ${mark} lookup ${table} protocol ${protocol}`
}

function flushLine(table: string): string {
  return `route flush table ${table} protocol ${protocol}`
}

/** A table has the number that its node is marked with. */
function tableOf(address: string): string {
  return String(Number(markOf(address)))
}
