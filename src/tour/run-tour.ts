import type { Clock } from '../base/clock.ts'
import { createNamespace, deleteNamespace, type Section, type Step } from './step.ts'

/** What came of a command: its output and errors as a terminal has them. */
export interface Ran {
  readonly output: string
  readonly exitCode: number
  /** It had not ended after `longestMs`, and was ended, with all that it had started. */
  readonly ranOutOfTime?: true
}

/** What the tour needs of the world. */
export interface TourDeps {
  readonly clock: Clock
  /** Rejects when the signal aborts, once all that the command has started is ended. */
  run(command: string, signal?: AbortSignal): Promise<Ran>
  show(text: string): void
  /** Resolves to whether the user wants to go on; false leaves the tour. */
  goOn(): Promise<boolean>
  /** What is in the tour's namespace, a line each. */
  state(): Promise<readonly string[]>
  /** Aborted by Ctrl-C: the tour tidies up and ends. */
  readonly signal: AbortSignal
}

export interface TourResult {
  /** Commands to which the cluster answered otherwise than the tour says. */
  readonly differed: readonly string[]
  readonly wasLeft: boolean
}

/** How long the cluster may take for a step that takes time. */
export const patienceMs = 60_000
/** How long a command may take; none of the tour waits for something longer. */
export const longestMs = 120_000
const pauseMs = 300

/** Walks through the sections from one on. What was made is removed at the end, also if the user leaves. */
export async function runTour(deps: TourDeps, sections: readonly Section[]): Promise<TourResult> {
  const differed: string[] = []
  let wasLeft = false
  let isOurs = true
  try {
    await runPlainly(deps, createNamespace).catch((error: unknown) => {
      // Refused, it is somebody else's. Cut off, it may have been made.
      isOurs = !(error instanceof TourCannotGoOn) || error.ran.ranOutOfTime === true
      throw error
    })
    wasLeft = !(await walk(deps, sections, differed))
  } catch (error) {
    if (!deps.signal.aborted) throw error
    wasLeft = true
  } finally {
    if (isOurs) {
      deps.show('\nWhat the tour made goes with its namespace.')
      await runPlainly({ ...deps, signal: undefined }, deleteNamespace)
    }
  }
  return { differed, wasLeft }
}

/** Resolves to whether the end was reached. */
async function walk(deps: TourDeps, sections: readonly Section[], differed: string[]): Promise<boolean> {
  for (const command of sections[0]?.prepare ?? []) await runPlainly(deps, command)
  for (const { number, title, steps } of sections) {
    deps.show(`\n${number} ${title}\n${'─'.repeat(number.length + 1 + title.length)}`)
    for (const step of steps) {
      deps.show(`\n${step.before}\n  $ ${step.command}`)
      if (!(await deps.goOn())) return false
      if (!(await perform(deps, step))) differed.push(step.command)
      for (const line of await deps.state()) deps.show(`  │ ${line}`)
      deps.show(step.after)
    }
  }
  return true
}

/** Resolves to whether the cluster answered as the tour says. */
async function perform({ clock, run, show, signal }: TourDeps, step: Step): Promise<boolean> {
  const deadline = clock.monotonicMs() + patienceMs
  let ran = await run(step.command, signal)
  while (!isAsExpected(step, ran) && ran.ranOutOfTime === undefined && step.takesTime === true && clock.monotonicMs() < deadline) {
    await clock.sleep(pauseMs, signal)
    ran = await run(step.command, signal)
  }
  if (ran.output !== '') show(indented(ran.output))
  if (isAsExpected(step, ran)) return true
  if (ran.ranOutOfTime === true) show(`! ${outOfTime}`)
  else show(`! The cluster answered otherwise than the tour expects (exit code ${ran.exitCode}, wanted ${step.exitCode ?? 0} and ${step.expects}).`)
  return false
}

const outOfTime = `The command had not ended after ${longestMs / 1_000} s, and was ended: ./portolan status says whether the cluster runs.`

function isAsExpected({ expects, exitCode: wanted = 0 }: Step, { output, exitCode, ranOutOfTime }: Ran): boolean {
  return ranOutOfTime === undefined && exitCode === wanted && expects.test(output)
}

/** A command that the tour needs and does not explain. Rejects if it fails: nothing behind it would make sense. */
async function runPlainly(
  { run, show, signal }: Pick<TourDeps, 'run' | 'show'> & { readonly signal: AbortSignal | undefined },
  command: string,
): Promise<void> {
  show(`  $ ${command}`)
  const ran = await run(command, signal)
  if (ran.output !== '') show(indented(ran.output))
  if (ran.exitCode !== 0 || ran.ranOutOfTime === true) throw new TourCannotGoOn(command, ran)
}

export class TourCannotGoOn extends Error {
  override readonly name = 'TourCannotGoOn'
  readonly ran: Ran
  constructor(command: string, ran: Ran) {
    super(ran.ranOutOfTime === true ? `${command}: ${outOfTime}` : `${command} failed: ${ran.output.trim()}`)
    this.ran = ran
  }
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}
