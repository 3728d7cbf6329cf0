import type { Log } from '../../base/log.ts'
import { AdoptedProcess } from './adopted-process.ts'
import { changeCertificate, certificateChanges } from './certificate-changes.ts'
import { ConfigurationRefused, culpritsOf } from './configuration-refused.ts'
import type { BackendName, Description } from './description.ts'
import { filePaths, renderFiles, writeFiles, type FilePaths } from './files.ts'
import { checkConfiguration, HaproxyProcess, leftBehind, type HaproxyProcessDeps, type LiveProcess, type Predecessor } from './haproxy-process.ts'
import { RetiringProcess, withServers } from './retiring-process.ts'
import { mapCommands, serverCommands, type SlotsOf } from './runtime-changes.ts'
import { assign, emptySlots, slotCount, type Slots } from './slots.ts'
import { slotsIn } from './told-state.ts'
import { whatCanBeTold } from './what-can-be-told.ts'

export interface HaproxyDeps extends HaproxyProcessDeps {
  /** All files are in it; on a tmpfs, as keys are among them. */
  readonly directory: string
  /** Certificate and key in PEM, for those who ask for a host without one. */
  readonly defaultCertificate: string
  /** The process that serves has ended without being told to. */
  onEnd(): void
}

/** How a change came into effect. `postponed`: of it only what `whatCanBeTold` says and endpoints have, as the rest takes a new process. */
export type Applied = 'unchanged' | 'changed' | 'restarted' | 'postponed'

/** What a process was told last. */
interface Told {
  readonly description: Description
  readonly slots: SlotsOf
}

/** The process that serves. */
interface Serving {
  readonly process: HaproxyProcess
  readonly told: Told
  /** False while it is being told, and if that failed: then what it has is somewhere in between. */
  readonly isKnown: boolean
}

/**
 * A HAProxy that does what it is told, whole. Endpoints, routes and certificates change while it runs; a backend that is
 * new or otherwise takes a new process, and so does anything that the running one does not accept. The processes from
 * before follow endpoints until their last connection has ended.
 */
export class Haproxy {
  readonly #deps: HaproxyDeps
  readonly #paths: FilePaths
  readonly #log: Log
  readonly #retiring = new Set<RetiringProcess>()
  #serving: Serving | undefined
  /** Of the youngest process. */
  #number = 0
  /** Whether those that an earlier life has left behind have been looked for. */
  #hasTakenOver = false

  constructor(deps: HaproxyDeps) {
    this.#deps = deps
    this.#paths = filePaths(deps.directory)
    this.#log = deps.log
  }

  /** Of the process that serves. */
  get pid(): number | undefined {
    return this.#serving?.process.pid
  }

  /** How many processes have connections from before another took their place. */
  get retiring(): number {
    return this.#retiring.size
  }

  /** Whether some process has that backend: then its endpoints have to be told, even if no route leads to it any more. */
  has(backend: BackendName): boolean {
    return this.#serving?.told.slots.has(backend) === true || [...this.#retiring].some((process) => process.has(backend))
  }

  /**
   * Rejects with `ConfigurationRefused` if HAProxy does not want it so: then what ran before runs on, as it was told
   * last.
   */
  async apply(description: Description, { mayRestart }: { mayRestart: boolean }): Promise<Applied> {
    const applied = await this.#apply(description, mayRestart)
    await Promise.all([...this.#retiring].map((process) => process.follow(description.servers)))
    return applied
  }

  /** All processes end, with their connections: those of an earlier life, too. */
  async stop(): Promise<void> {
    const serving = this.#serving
    const strangers = this.#hasTakenOver ? [] : await leftBehind(this.#deps.directory)
    this.#hasTakenOver = true
    this.#serving = undefined
    const others = [...this.#retiring, ...strangers.map((each) => new AdoptedProcess(each, this.#deps))]
    await Promise.all([serving?.process.kill(), ...others.map((process) => process.kill())])
  }

  async #apply(description: Description, mayRestart: boolean): Promise<Applied> {
    const serving = this.#serving
    if (serving === undefined || !serving.isKnown) return this.#restart(description)
    const { told } = serving
    const slots = runtimeSlots(told, description)
    if (slots === undefined && mayRestart) return this.#restart(description)
    const next =
      slots === undefined
        ? { description: whatCanBeTold(told.description, description), slots: withServers(told.slots, description.servers) }
        : { description: withOldBackends(told.description, description), slots }
    try {
      const applied = await this.#change(serving, next)
      return slots === undefined ? 'postponed' : applied
    } catch (err) {
      this.#log.warn({ err }, 'HAProxy did not take a change while it ran; it is started anew')
      return this.#restart(description)
    }
  }

  async #change(serving: Serving, next: Told): Promise<Applied> {
    const { process, told: last } = serving
    const servers = serverCommands(last.slots, next.slots)
    const maps = mapCommands(this.#paths, last.description.maps, next.description.maps)
    const certificates = certificateChanges(last.description.certificates, next.description.certificates)
    const isChanged = servers.length + maps.length + certificates.length > 0
    if (isChanged) {
      this.#replaceTold(serving, { told: last, isKnown: false })
      using session = await process.session()
      for (const command of servers) await session.command(command)
      for (const change of certificates) await changeCertificate(session, this.#paths, change)
      for (const command of maps) await session.command(command)
    }
    this.#replaceTold(serving, { told: next, isKnown: true })
    return isChanged ? 'changed' : 'unchanged'
  }

  /** Unless it has ended meanwhile. */
  #replaceTold({ process }: Serving, { told, isKnown }: Omit<Serving, 'process'>): void {
    if (this.#serving?.process === process) this.#serving = { process, told, isKnown }
  }

  async #restart(description: Description): Promise<Applied> {
    const slots = startSlots(this.#serving?.told.slots, description)
    const contents = renderFiles(this.#deps.directory, description, { slots, defaultCertificate: this.#deps.defaultCertificate })
    await writeFiles(this.#deps.directory, contents)
    try {
      await checkConfiguration(this.#deps)
      await this.#replace({ description, slots })
    } catch (error) {
      if (!(error instanceof ConfigurationRefused)) throw error
      throw new ConfigurationRefused(error.message, culpritsOf(error.message, contents.get(this.#paths.config) ?? ''))
    }
    return 'restarted'
  }

  async #replace(told: Told): Promise<void> {
    const before = this.#serving
    const strangers = this.#hasTakenOver ? [] : await leftBehind(this.#deps.directory)
    const takesOverFrom = before?.process ?? strangers[0]
    this.#number = 1 + Math.max(this.#number, ...strangers.map(({ number }) => number))
    const process = await HaproxyProcess.start(this.#deps, {
      number: this.#number,
      ...(takesOverFrom === undefined ? {} : { takesOverFrom }),
    })
    this.#hasTakenOver = true
    this.#serving = { process, told, isKnown: true }
    void process.ended.then(() => {
      if (this.#serving?.process !== process) return
      this.#serving = undefined
      this.#deps.onEnd()
    })
    if (before !== undefined) await this.#retire(before.process, { slots: before.told.slots, isKnown: before.isKnown })
    for (const stranger of strangers) await this.#adopt(stranger)
  }

  /** It retires like one of this life. One that does not say what it has is ended, as it could not follow. */
  async #adopt(found: Predecessor): Promise<void> {
    const process = new AdoptedProcess(found, this.#deps)
    try {
      using session = await process.session()
      await this.#retire(process, { slots: await slotsIn(session), isKnown: true })
    } catch (err) {
      this.#log.warn({ err, pid: found.pid }, 'a HAProxy of before does not say what it does; it is ended with its connections')
      await process.kill()
    }
  }

  async #retire(process: LiveProcess, has: { slots: SlotsOf; isKnown: boolean }): Promise<void> {
    const retiring = new RetiringProcess(process, has, this.#deps)
    this.#retiring.add(retiring)
    void retiring.ended.then(() => this.#retiring.delete(retiring))
    await retiring.closeFrontends()
  }
}

/** Undefined if there are too few, or if it takes a new process for another reason. */
function runtimeSlots({ description: last, slots }: Told, next: Description): SlotsOf | undefined {
  if (last.main !== next.main) return undefined
  const result = new Map<string, Slots>(withServers(slots, next.servers))
  for (const [name, { text, serverOptions }] of next.backends) {
    const known = last.backends.get(name)
    if (known === undefined || known.text !== text || known.serverOptions !== serverOptions) return undefined
    const assigned = assign(slots.get(name) ?? [], next.servers.get(name) ?? [])
    if (assigned === undefined) return undefined
    result.set(name, assigned)
  }
  return result
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
