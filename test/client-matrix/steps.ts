import { expect } from 'vitest'
import type { KubectlSession } from '../kubectl-session.ts'
import { eventually } from '../test-cluster.ts'
import type { Act } from './acts.ts'

/** One command, and what must come of it. */
export interface Step extends Pick<Act, 'core' | 'from' | 'until'> {
  /** `POD` is the first pod of `kubia`, `NAMESPACE` the session's. */
  readonly args: readonly string[]
  /** An object for its input, as JSON. */
  readonly input?: object | string
  readonly environment?: Readonly<Record<string, string>>
  /** 0 unless given. */
  readonly code?: number
  readonly out?: string | RegExp
  readonly err?: string | RegExp
  /** Printed alike by every kubectl, but for what differs from run to run. */
  readonly same?: boolean
  /** Asked again until it is as it must be: a controller has its part in it. */
  readonly eventually?: boolean
}

/** What the first kubectl to run a step printed, for the others to print alike. */
type Printed = Map<Step, string>

export function asActs(steps: readonly Step[], printed: Printed): Act[] {
  return steps.map((step) => ({
    ...step,
    name: step.args.join(' '),
    perform: async (session, pod) => {
      const once = () => attempt(session, step, pod, printed)
      await (step.eventually === true ? eventually(step.args.join(' '), () => once().then(() => true)) : once())
    },
  }))
}

async function attempt(session: KubectlSession, step: Step, pod: string, printed: Printed): Promise<void> {
  const args = step.args.map((word) => word.replaceAll('POD', pod).replaceAll('NAMESPACE', session.namespace))
  const { code, stdout, stderr } = await session.run(args, {
    ...(step.input !== undefined && { input: typeof step.input === 'string' ? step.input : JSON.stringify(step.input) }),
    ...(step.environment !== undefined && { environment: step.environment }),
  })
  // Together, so that a failure shows what was said.
  if (code !== (step.code ?? 0)) expect({ code, stderr }).toEqual({ code: step.code ?? 0, stderr: '' })
  if (step.out !== undefined) expect(stdout).toMatch(step.out)
  if (step.err !== undefined) expect(stderr).toMatch(step.err)
  if (step.same !== true) return
  const text = normalise(stdout, session)
  const first = printed.get(step)
  if (first === undefined) printed.set(step, text)
  else expect(text).toBe(first)
}

/** Names, addresses, ages and widths differ from run to run. */
export function normalise(text: string, { namespace }: KubectlSession): string {
  return text
    .replaceAll(namespace, 'NAMESPACE')
    .replace(/\bkubia-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, 'kubia-#####')
    .replace(/\b\d+\.\d+\.\d+\.\d+\b/g, 'IP')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID')
    .replace(/(resourceVersion: )"\d+"/g, '$1VERSION')
    .replace(/(?<=\s)(\d+[smh]){1,2}(?=\s|$)/g, 'AGE')
    .replace(/[ \t]+/g, ' ')
    .replace(/ +$/gm, '')
}
