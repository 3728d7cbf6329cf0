import { nextFailure, type Failure, type FailureReport, type Health, type PodMemory } from './memory.ts'

/** The memory of one worker, and the only place where it is changed. */
export class WorkerMemory implements PodMemory {
  prepared = false
  podFailure: Failure | undefined = undefined
  tokensDueAt: Date | undefined = undefined
  servesUntil: Date | undefined = undefined
  objectDeleted = false
  health: ReadonlyMap<string, Health> = new Map()
  readonly containerFailures = new Map<string, Failure>()
  readonly stopping = new Map<string, Date>()
  readonly announced = new Set<string>()

  podFailed(report: FailureReport, at: Date): void {
    this.podFailure = nextFailure(this.podFailure, report, at)
  }

  containerFailed(name: string, report: FailureReport, at: Date): void {
    this.containerFailures.set(name, nextFailure(this.containerFailures.get(name), report, at))
  }

  /** `key` begins with the container's name; a container is in one back-off at a time. */
  announce(name: string, key: string): void {
    for (const old of this.announced) if (old.startsWith(`${name} `)) this.announced.delete(old)
    this.announced.add(key)
  }
}
