import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { currentState } from '../cluster/control.ts'
import type { Layout } from '../cluster/layout.ts'
import { UserError } from './context.ts'

/** Runs a command in a network namespace of a running cluster, on the caller's terminal; its exit code becomes ours. */
export async function runInside(layout: Layout, netns: string, command: readonly string[]): Promise<void> {
  const [program, ...args] = command
  if (program === undefined) throw new UserError('give a command after --, for instance: -- curl -s http://10.96.0.1')
  if ((await currentState(layout.controlSocket)) === undefined) {
    throw new UserError('the cluster does not run: start it with ./portolan up')
  }
  const child = spawn('nsenter', [`--net=${netns}`, '--', program, ...args], { stdio: 'inherit' })
  // The terminal sends these to the child as well; it decides what they mean.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
