import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ControlConnection, connectControl } from '../cluster/control.ts'
import type { Layout } from '../cluster/layout.ts'
import type { ClusterState } from '../cluster/state.ts'
import { type CliContext, UserError } from './context.ts'

/** How often to look for the supervisor's socket, which appears a few milliseconds after its start. */
const socketPollMs = 5

/**
 * The state of a cluster that runs already; one that is being started is waited for. Undefined if there is none, or no
 * longer: one that is being stopped has then ended. Rejects with the signal's reason when it aborts first.
 */
export async function runningState(
  context: CliContext,
  layout: Layout,
  interrupt: AbortSignal,
): Promise<ClusterState | undefined> {
  const connection = await connectControl(layout.controlSocket)
  if (connection === undefined) return undefined
  await using open = connection
  interrupt.addEventListener('abort', () => void open[Symbol.asyncDispose](), { once: true })
  for await (const state of shown(context, open)) if (state.phase === 'ready') return state
  interrupt.throwIfAborted()
  return undefined
}

/**
 * Starts the supervisor of a configured cluster and waits until the cluster is ready. If it fails, or the signal
 * aborts, rejects with `UserError` once nothing is left of it.
 */
export async function startCluster(
  context: CliContext,
  layout: Layout,
  cluster: string,
  interrupt: AbortSignal,
): Promise<ClusterState> {
  const logFile = join(layout.logs, 'supervisor.log')
  const supervisor = spawnSupervisor(context, layout, { cluster, logFile })
  const ended = once(supervisor, 'exit').then(() => 'ended' as const)
  const stop = () => supervisor.kill('SIGTERM')
  interrupt.addEventListener('abort', stop)
  if (interrupt.aborted) stop()
  try {
    const state = await firstOutcome(context, layout, ended)
    if (state?.phase === 'ready') return state
    await ended
    if (interrupt.aborted) throw new UserError('interrupted: the cluster was stopped before it was ready')
    throw new UserError(`the cluster could not be started: ${state?.message ?? lastLines(logFile)} (log: ${logFile})`)
  } finally {
    interrupt.removeEventListener('abort', stop)
  }
}

function spawnSupervisor(
  context: CliContext,
  layout: Layout,
  { cluster, logFile }: { cluster: string; logFile: string },
): ChildProcess {
  mkdirSync(layout.logs, { recursive: true })
  const output = openSync(logFile, 'w')
  const [program, ...args] = context.program('supervisor')
  const supervisor = spawn(program, [...args, layout.home, cluster], {
    stdio: ['ignore', output, output],
    detached: true,
    // The working folder of the user must not be held for as long as the cluster runs.
    cwd: '/',
  })
  closeSync(output)
  supervisor.unref()
  return supervisor
}

/** The first state in which the cluster is no longer starting; undefined if the supervisor ends without one. */
async function firstOutcome(
  context: CliContext,
  layout: Layout,
  ended: Promise<'ended'>,
): Promise<ClusterState | undefined> {
  for (;;) {
    const connection = await connectControl(layout.controlSocket)
    if (connection !== undefined) {
      await using open = connection
      for await (const state of shown(context, open)) if (state.phase !== 'starting') return state
    }
    const waited = new Promise<'waited'>((resolve) => setTimeout(() => resolve('waited'), socketPollMs))
    if ((await Promise.race([ended, waited])) === 'ended') return undefined
  }
}

/** The states of a cluster; each step of its start is shown to the user. */
async function* shown(context: CliContext, connection: ControlConnection): AsyncGenerator<ClusterState> {
  let last = ''
  for await (const state of connection.states()) {
    if (state.message !== last && state.phase === 'starting') context.say(`  ${state.message}`)
    last = state.message
    yield state
  }
}

function lastLines(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' ')
  return lines === '' ? 'the supervisor ended without a word' : `the supervisor ended: ${lines}`
}
