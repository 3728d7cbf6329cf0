import type { Clock } from '../base/clock.ts'
import { createNamespace, deleteNamespace, type Section, type Step } from './step.ts'

/** What came of a command: its output and errors as a terminal has them. */
export interface Ran {
  readonly output: string
  readonly exitCode: number
}

/** What the tour needs of the world. */
export interface TourDeps {
  readonly clock: Clock
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
const pauseMs = 300

/** Walks through the sections from one on. What was made is removed at the end, also if the user leaves. */
export async function runTour(deps: TourDeps, sections: readonly Section[]): Promise<TourResult> {
  const differed: string[] = []
  let wasLeft = false
  await runPlainly(deps, createNamespace)
  try {
    wasLeft = !(await walk(deps, sections, differed))
  } catch (error) {
    if (!deps.signal.aborted) throw error
    wasLeft = true
  } finally {
    deps.show('\nWhat the tour made goes with its namespace.')
    await runPlainly({ ...deps, signal: undefined }, deleteNamespace)
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
  while (!isAsExpected(step, ran) && step.takesTime === true && clock.monotonicMs() < deadline) {
    await clock.sleep(pauseMs, signal)
    ran = await run(step.command, signal)
  }
  if (ran.output !== '') show(indented(ran.output))
  if (isAsExpected(step, ran)) return true
  show(`! The cluster answered otherwise than the tour expects (exit code ${ran.exitCode}, wanted ${step.exitCode ?? 0} and ${step.expects}).`)
  return false
}

function isAsExpected({ expects, exitCode: wanted = 0 }: Step, { output, exitCode }: Ran): boolean {
  return exitCode === wanted && expects.test(output)
}

/** A command that the tour needs and does not explain. Rejects if it fails: nothing behind it would make sense. */
async function runPlainly(
  { run, show, signal }: Pick<TourDeps, 'run' | 'show'> & { readonly signal: AbortSignal | undefined },
  command: string,
): Promise<void> {
  show(`  $ ${command}`)
  const { output, exitCode } = await run(command, signal)
  if (output !== '') show(indented(output))
  if (exitCode !== 0) throw new TourCannotGoOn(command, output)
}

export class TourCannotGoOn extends Error {
  override readonly name = 'TourCannotGoOn'
  constructor(command: string, output: string) {
    super(`${command} failed: ${output.trim()}`)
  }
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}
