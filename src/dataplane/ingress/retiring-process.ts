import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Description } from './description.ts'
import type { LiveProcess } from './haproxy-process.ts'
import { serverCommands, type SlotsOf } from './runtime-changes.ts'
import type { RuntimeSession } from './runtime-session.ts'
import { assignSome } from './slots.ts'
import { openFrontends } from './told-state.ts'

const firstLookMs = 100
const lookEveryMs = 1_000
/** What connections last longer than this after a change are ended, or old processes would never end. */
const longestMs = 3_600_000

/**
 * A process whose place another has taken. It takes no connections, and answers the next request of each that it has
 * with the word that it is the last; upgraded ones and streams go on for as long as they last, up to an hour. All the
 * while it follows endpoints, so that nothing is sent to those that have left.
 */
export class RetiringProcess {
  /** When it has ended. */
  readonly ended: Promise<void>
  readonly #process: LiveProcess
  readonly #clock: Clock
  readonly #log: Log
  #slots: SlotsOf
  /** Whether the process has what `#slots` says; if not it is told everything. */
  #isKnown: boolean
  #hasEnded = false

  constructor(process: LiveProcess, { slots, isKnown }: { slots: SlotsOf; isKnown: boolean }, { clock, log }: { clock: Clock; log: Log }) {
    this.#process = process
    this.#clock = clock
    this.#log = log
    this.#slots = slots
    this.#isKnown = isKnown
    this.ended = process.ended.then(() => void (this.#hasEnded = true))
  }

  /** Whether it has servers for that backend. */
  has(backend: string): boolean {
    return this.#slots.has(backend)
  }

  /** From now on it takes no connections, and ends with the last that it has. */
  async closeFrontends(): Promise<void> {
    await this.#tell(async (session) => {
      for (const name of await openFrontends(session)) await session.command(`shutdown frontend ${name}`)
    })
    this.#endWithItsConnections()
  }

  async follow(servers: Description['servers']): Promise<void> {
    const next = withServers(this.#slots, servers)
    const commands = serverCommands(this.#isKnown ? this.#slots : new Map(), next)
    this.#slots = next
    this.#isKnown = true
    if (commands.length === 0) return
    await this.#tell(async (session) => {
      for (const command of commands) await session.command(command)
    })
  }

  async kill(): Promise<void> {
    await this.#process.kill()
    await this.ended
  }

  /** One that cannot be told is ended, as it would send requests to endpoints that have left. */
  async #tell(what: (session: RuntimeSession) => Promise<void>): Promise<void> {
    if (this.#hasEnded) return
    try {
      using session = await this.#process.session()
      await what(session)
    } catch (err) {
      if (this.#hasEnded) return
      this.#log.warn({ err, pid: this.#process.pid }, 'an old HAProxy does not do what it is told; it is ended with its connections')
      await this.kill()
    }
  }

  #endWithItsConnections(): void {
    const clock = this.#clock
    const startedMs = clock.monotonicMs()
    const look = async () => {
      if (this.#hasEnded) return
      const isOver = clock.monotonicMs() - startedMs > longestMs || (await this.#connections()) === 0
      if (isOver) await this.kill()
      else clock.after(lookEveryMs, () => void look())
    }
    clock.after(firstLookMs, () => void look())
  }

  /** Undefined if it does not say. */
  async #connections(): Promise<number | undefined> {
    try {
      using session = await this.#process.session()
      return (await session.info()).connections
    } catch (err) {
      this.#log.debug({ err, pid: this.#process.pid }, 'an old HAProxy does not answer')
      return undefined
    }
  }
}

/** The slots with other addresses in them. A backend of which nothing is said keeps what it has. */
export function withServers(slots: SlotsOf, servers: Description['servers']): SlotsOf {
  return new Map(
    [...slots].map(([name, before]) => {
      const wanted = servers.get(name)
      return [name, wanted === undefined ? before : assignSome(before, wanted)]
    }),
  )
}
