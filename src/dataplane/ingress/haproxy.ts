import type { Log } from '../../base/log.ts'
import { changeCertificate, certificateChanges } from './certificate-changes.ts'
import { ConfigurationRefused, culpritsOf } from './configuration-refused.ts'
import type { Description } from './description.ts'
import { filePaths, renderFiles, writeFiles, type FilePaths } from './files.ts'
import { HaproxyProcess, type HaproxyProcessDeps } from './haproxy-process.ts'
import { mapCommands, serverCommands, type SlotsOf } from './runtime-changes.ts'
import { assign, emptySlots, slotCount, type Slots } from './slots.ts'

export interface HaproxyDeps extends Omit<HaproxyProcessDeps, 'config' | 'runtimeSocket'> {
  /** All files are in it; on a tmpfs, as keys are among them. */
  readonly directory: string
  /** Certificate and key in PEM, for those who ask for a host without one. */
  readonly defaultCertificate: string
}

/** How a change came into effect. `postponed`: of it only what concerns endpoints has, as the rest takes a new process. */
export type Applied = 'unchanged' | 'changed' | 'restarted' | 'postponed'

/** What the running process was told. */
interface Told {
  readonly description: Description
  readonly slots: SlotsOf
}

/**
 * A HAProxy that does what it is told, whole. Endpoints, routes and certificates change while it runs; a backend that is
 * new or otherwise takes a new process, and so does anything that the running one does not accept.
 */
export class Haproxy {
  readonly #directory: string
  readonly #defaultCertificate: string
  readonly #paths: FilePaths
  readonly #process: HaproxyProcess
  readonly #log: Log
  #told: Told | undefined

  constructor(deps: HaproxyDeps) {
    this.#directory = deps.directory
    this.#defaultCertificate = deps.defaultCertificate
    this.#paths = filePaths(deps.directory)
    this.#log = deps.log
    const { config, runtimeSocket } = this.#paths
    this.#process = new HaproxyProcess({ ...deps, config, runtimeSocket })
  }

  get isRunning(): boolean {
    return this.#process.isRunning
  }

  /**
   * Rejects with `ConfigurationRefused` if HAProxy does not want it so: then what ran before runs on, as it was told
   * last.
   */
  async apply(description: Description, { mayRestart }: { mayRestart: boolean }): Promise<Applied> {
    const told = this.#process.isRunning ? this.#told : undefined
    if (told === undefined) return this.#restart(description)
    const slots = runtimeSlots(told, description)
    if (slots === undefined && mayRestart) return this.#restart(description)
    const next =
      slots === undefined
        ? { description: told.description, slots: knownSlots(told, description) }
        : { description: withOldBackends(told.description, description), slots }
    try {
      const applied = await this.#change(told, next)
      return slots === undefined ? 'postponed' : applied
    } catch (err) {
      this.#log.warn({ err }, 'HAProxy did not take a change while it ran; it is started anew')
      return this.#restart(description)
    }
  }

  async stop(): Promise<void> {
    this.#told = undefined
    await this.#process.stop()
  }

  async #change(last: Told, next: Told): Promise<Applied> {
    const servers = serverCommands(last.slots, next.slots)
    const maps = mapCommands(this.#paths, last.description.maps, next.description.maps)
    const certificates = certificateChanges(last.description.certificates, next.description.certificates)
    if (servers.length + maps.length + certificates.length === 0) {
      this.#told = next
      return 'unchanged'
    }
    // Whatever comes of it is not what was told last.
    this.#told = undefined
    using session = await this.#process.session()
    for (const command of servers) await session.command(command)
    for (const change of certificates) await changeCertificate(session, this.#paths, change)
    for (const command of maps) await session.command(command)
    this.#told = next
    return 'changed'
  }

  async #restart(description: Description): Promise<Applied> {
    const slots = startSlots(this.#told?.slots, description)
    const contents = renderFiles(this.#directory, description, { slots, defaultCertificate: this.#defaultCertificate })
    await writeFiles(this.#directory, contents)
    try {
      await this.#process.check()
      await this.#process.replace()
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error
      throw new ConfigurationRefused(error.message, culpritsOf(error.message, contents.get(this.#paths.config) ?? ''))
    }
    this.#told = { description, slots }
    return 'restarted'
  }
}

/** Undefined if there are too few, or if it takes a new process for another reason. */
function runtimeSlots({ description: last, slots }: Told, next: Description): SlotsOf | undefined {
  if (last.main !== next.main) return undefined
  const result = new Map<string, Slots>(slots)
  for (const [name, { text, serverOptions }] of next.backends) {
    const known = last.backends.get(name)
    if (known === undefined || known.text !== text || known.serverOptions !== serverOptions) return undefined
    const assigned = assign(slots.get(name) ?? [], next.servers.get(name) ?? [])
    if (assigned === undefined) return undefined
    result.set(name, assigned)
  }
  return result
}

/**
 * Where the addresses of those backends go that are as they were; of one with too few servers, as many as there are. The
 * others keep those that are still wanted: what has left its Service must get nothing more, even before the next start.
 */
function knownSlots({ description: last, slots }: Told, next: Description): SlotsOf {
  return new Map(
    [...slots].map(([name, before]) => {
      const isKnown = last.backends.get(name)?.text === next.backends.get(name)?.text
      const wanted = next.servers.get(name) ?? []
      const kept = before.map((address) => (address !== undefined && wanted.includes(address) ? address : undefined))
      return [name, (isKnown ? assign(before, wanted.slice(0, before.length)) : undefined) ?? kept]
    }),
  )
}

/** Backends that nothing leads to any more stay until the next start: to be rid of them is not worth one. */
function withOldBackends(last: Description, next: Description): Description {
  return { ...next, backends: new Map([...last.backends, ...next.backends]) }
}

function startSlots(last: SlotsOf | undefined, { backends, servers }: Description): SlotsOf {
  return new Map(
    [...backends.keys()].map((name) => {
      const addresses = servers.get(name) ?? []
      const before = last?.get(name) ?? []
      const count = slotCount(addresses.length)
      // Servers keep their places, so that clients that stick to one by its number do.
      const kept = before.length === count ? before : emptySlots(count)
      return [name, assign(kept, addresses) ?? emptySlots(count)]
    }),
  )
}

