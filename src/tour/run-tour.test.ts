import { expect, test } from 'vitest'
import { ManualClock } from '../base/manual-clock.ts'
import { type Ran, runTour, type TourDeps } from './run-tour.ts'
import { sections } from './sections/index.ts'
import { createNamespace, deleteNamespace, type Section, type Step } from './step.ts'

const step = (command: string, more: Partial<Step> = {}): Step => ({ before: `before ${command}`, command, expects: /fine/, after: `after ${command}`, ...more })
const section = (...steps: Step[]): Section => ({ number: '5.1', title: 'Services', prepare: ['prepare'], steps })

/** Whoever sleeps has slept. */
class HastyClock extends ManualClock {
  override async sleep(ms: number): Promise<void> {
    this.advance(ms)
  }
}

/** A world in which commands answer as told, or else `fine`. */
function world(answers: Readonly<Record<string, readonly Ran[]>> = {}, more: Partial<TourDeps> = {}) {
  const ran: string[] = []
  const shown: string[] = []
  const deps: TourDeps = {
    clock: new HastyClock(),
    run: async (command) => {
      const before = ran.filter((each) => each === command).length
      ran.push(command)
      return answers[command]?.[before] ?? answers[command]?.at(-1) ?? { output: 'fine', exitCode: 0 }
    },
    show: (text) => void shown.push(text),
    goOn: async () => true,
    state: async () => ['pod/kubia'],
    signal: new AbortController().signal,
    ...more,
  }
  return { deps, ran, shown }
}

const bad = { output: 'not yet', exitCode: 0 }

test('steps are run in order, in a namespace that is made before and removed afterwards', async () => {
  const { deps, ran, shown } = world()
  expect(await runTour(deps, [section(step('one'), step('two'))])).toEqual({ differed: [], wasLeft: false })
  expect(ran).toEqual([createNamespace, 'prepare', 'one', 'two', deleteNamespace])
  const told = shown.join('\n')
  expect(told).toMatch(/before one\n {2}\$ one\n {4}fine\n {2}│ pod\/kubia\nafter one\n\nbefore two/)
})

test('what takes time is asked again, and shown once', async () => {
  const { deps, ran, shown } = world({ slow: [bad, bad, { output: 'fine', exitCode: 0 }] })
  expect((await runTour(deps, [section(step('slow', { takesTime: true }))])).differed).toEqual([])
  expect(ran.filter((command) => command === 'slow')).toHaveLength(3)
  expect(shown.join('\n')).not.toContain('not yet')
})

test.for([
  ['another output', step('odd'), bad],
  ['another output for too long', step('odd', { takesTime: true }), bad],
  ['another exit code', step('odd'), { output: 'fine', exitCode: 2 }],
  ['success where there should be none', step('odd', { exitCode: 1 }), { output: 'fine', exitCode: 0 }],
] as const)('the tour says when the cluster answers differently, and goes on: %s', async ([, odd, answer]) => {
  const { deps, ran, shown } = world({ odd: [answer] })
  expect((await runTour(deps, [section(odd, step('next'))])).differed).toEqual(['odd'])
  expect(shown.join('\n')).toContain('! The cluster answered otherwise than the tour expects')
  expect(ran).toContain('next')
})

test('who leaves runs nothing more, and nothing is left behind', async () => {
  let asked = 0
  const { deps, ran } = world({}, { goOn: async () => ++asked < 2 })
  expect((await runTour(deps, [section(step('one'), step('two'))])).wasLeft).toBe(true)
  expect(ran).toEqual([createNamespace, 'prepare', 'one', deleteNamespace])
})

test('Ctrl-C in the middle of a command does the same', async () => {
  const aborter = new AbortController()
  const { deps, ran } = world()
  const run = async (command: string, signal?: AbortSignal) => {
    if (command === 'one') aborter.abort(new Error('interrupted'))
    signal?.throwIfAborted()
    return deps.run(command, signal)
  }
  expect((await runTour({ ...deps, run, signal: aborter.signal }, [section(step('one'), step('two'))])).wasLeft).toBe(true)
  expect(ran).toEqual([createNamespace, 'prepare', deleteNamespace])
})

test('a command that does not end is said to, and the tour goes on', async () => {
  const { deps, ran, shown } = world({ stuck: [{ output: 'fine so far', exitCode: 1, ranOutOfTime: true }] })
  expect((await runTour(deps, [section(step('stuck', { takesTime: true }), step('next'))])).differed).toEqual(['stuck'])
  expect(shown.join('\n')).toContain('fine so far\n! The command had not ended after 120 s, and was ended: ./portolan status')
  expect(ran).toEqual([createNamespace, 'prepare', 'stuck', 'next', deleteNamespace])
})

test('Ctrl-C while the namespace is made removes it; one that is refused is somebody else’s', async () => {
  const aborter = new AbortController()
  const cutOff = world({}, { signal: aborter.signal })
  const run = async (command: string, signal?: AbortSignal) => {
    const answer = await cutOff.deps.run(command)
    if (command === createNamespace) aborter.abort(new Error('interrupted'))
    signal?.throwIfAborted()
    return answer
  }
  expect((await runTour({ ...cutOff.deps, run }, [section(step('one'))])).wasLeft).toBe(true)
  expect(cutOff.ran).toEqual([createNamespace, deleteNamespace])
  const hung = world({ [createNamespace]: [{ output: '', exitCode: 1, ranOutOfTime: true }] })
  await expect(runTour(hung.deps, [section(step('one'))])).rejects.toThrow('The command had not ended after 120 s')
  expect(hung.ran).toEqual([createNamespace, deleteNamespace])
  const refused = world({ [createNamespace]: [{ output: 'already exists', exitCode: 1 }] })
  await expect(runTour(refused.deps, [section(step('one'))])).rejects.toThrow('failed: already exists')
  expect(refused.ran).toEqual([createNamespace])
})

test('what must be there before and cannot be had ends it', async () => {
  const { deps, ran } = world({ prepare: [{ output: 'no such file', exitCode: 1 }] })
  await expect(runTour(deps, [section(step('one'))])).rejects.toThrow('prepare failed: no such file')
  expect(ran).toEqual([createNamespace, 'prepare', deleteNamespace])
})

test('every command stays in the tour’s namespace or changes nothing, and every step has something to say', () => {
  for (const { steps, prepare } of sections) {
    for (const command of [...prepare, ...steps.map((each) => each.command)]) {
      for (const part of command.split(/ && |; /)) expect(part).toMatch(/^kubectl -n tour |^\.\/portolan client -- curl |^\.\/portolan doctor \S+ -n tour$|^LB=\$\(kubectl -n tour /)
    }
    for (const { before, after } of steps) expect([before, after].filter((text) => text === '')).toEqual([])
  }
  expect(sections.map(({ number }) => number)).toEqual(['5.1', '5.2', '5.3', '5.4', '5.5', '5.6', '5.7'])
})
