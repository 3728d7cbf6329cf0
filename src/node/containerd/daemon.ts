import { mkdir, open, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { listProcesses, readProcess, signal, type ProcessEntry } from '../../kernel/process-table.ts'
import type { Processes } from '../../kernel/processes.ts'
import { criRuntime, type CriRuntime } from '../cri/cri-runtime.ts'
import { RuntimeError } from '../cri/runtime.ts'
import { configFile, containerdConfig, type ContainerdOptions } from './config.ts'

export interface ContainerdDeps {
  readonly processes: Processes
  readonly clock: Clock
}

/** Time for a start, in milliseconds: a cold disk and a full metadata store included. */
const readyWithinMs = 30_000
const stoppedWithinMs = 10_000
const pollMs = 5
/** Of `sun_path` in unix(7), less the closing NUL and the `.ttrpc` of containerd's second socket. */
const longestAddress = 107 - '.ttrpc'.length

export class ContainerdFailed extends Error {
  override readonly name = 'ContainerdFailed'
}

/**
 * Makes sure that the private containerd of a state directory runs and is ready for pods: takes over one that runs
 * already, else starts one. It is in a session of its own and lives on when the caller ends; containerd and its shims
 * are in the caller's cgroup, pods in that which `PodSandboxConfig` names. Rejects with `ContainerdFailed`, which shows
 * what containerd had to say; one that was started is then stopped.
 */
export async function startContainerd(
  options: ContainerdOptions,
  deps: ContainerdDeps,
  abort?: AbortSignal,
): Promise<'started' | 'adopted'> {
  const { state, address, logFile } = options
  if (Buffer.byteLength(address) > longestAddress) {
    throw new ContainerdFailed(`${address}: longer than the ${longestAddress} bytes that a socket's path may have`)
  }
  const running = await findContainerd(state)
  const logStart = await sizeOf(logFile)
  const pid = running?.pid ?? (await launch(options, deps.processes))
  try {
    await untilReady({ address, pid, logFile, logStart }, deps.clock, abort)
  } catch (error) {
    if (running === undefined) await stopContainerd(state, deps)
    throw error
  }
  return running === undefined ? 'started' : 'adopted'
}

/** Ends containerd, not the containers: their shims hold them until the next start. No error if it does not run. */
export async function stopContainerd(state: string, { clock }: { clock: Clock }): Promise<'stopped' | 'not running'> {
  const running = await findContainerd(state)
  if (running === undefined) return 'not running'
  signal(running.pid, 'SIGTERM')
  const deadline = clock.monotonicMs() + stoppedWithinMs
  while (isContainerdOf(state, await readProcess(running.pid))) {
    if (clock.monotonicMs() > deadline) signal(running.pid, 'SIGKILL')
    await clock.sleep(pollMs)
  }
  return 'stopped'
}

async function findContainerd(state: string): Promise<ProcessEntry | undefined> {
  return (await listProcesses()).find((entry) => isContainerdOf(state, entry))
}

/** The process is known by its configuration file, which no other containerd is told of. */
function isContainerdOf(state: string, entry: ProcessEntry | undefined): boolean {
  return entry?.command[1] === '--config' && entry.command[2] === configFile(state)
}

/** Resolves to its process id. */
async function launch(options: ContainerdOptions, processes: Processes): Promise<number> {
  const { root, state, address, logFile, environment = {}, netns } = options
  for (const directory of [root, state]) await mkdir(directory, { recursive: true, mode: 0o711 })
  for (const file of [address, logFile]) await mkdir(dirname(file), { recursive: true })
  await writeFile(configFile(state), containerdConfig(options))
  // The output is closed when containerd takes over, which is when `run` resolves.
  const script = 'cd / && echo $$ && exec containerd --config "$1" >>"$2" 2>&1 </dev/null'
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const command = ['env', ...variables, 'setsid', '--fork', 'sh', '-c', script, 'containerd', configFile(state), logFile] as const
  const { stdout, stderr } = await processes.run(command, netns === undefined ? {} : { netns })
  const pid = Number(stdout)
  if (!(pid > 0)) throw new ContainerdFailed(`containerd was not started: ${stderr.trim()}`)
  return pid
}

interface Starting {
  readonly address: string
  readonly pid: number
  readonly logFile: string
  /** Length of the log before this start, in bytes. */
  readonly logStart: number
}

async function untilReady(starting: Starting, clock: Clock, abort: AbortSignal | undefined): Promise<void> {
  const deadline = clock.monotonicMs() + readyWithinMs
  const runtime = criRuntime(starting.address)
  try {
    for (;;) {
      const readiness = await readinessOf(runtime, abort)
      if (readiness === 'ready') return
      if (readiness === 'no CRI') throw await failure('runs without its CRI plugin', starting)
      if (await hasEnded(starting.pid)) throw await failure('ended before it was ready', starting)
      if (clock.monotonicMs() > deadline) throw await failure(`was not ready within ${readyWithinMs} ms`, starting)
      await clock.sleep(pollMs, abort)
    }
  } finally {
    runtime.close()
  }
}

/** A process that has ended and was not waited for has no command line any more. */
async function hasEnded(pid: number): Promise<boolean> {
  const entry = await readProcess(pid)
  return entry === undefined || entry.command.length === 0
}

type Readiness = 'ready' | 'not yet' | 'no CRI'

async function readinessOf(runtime: CriRuntime, abort: AbortSignal | undefined): Promise<Readiness> {
  try {
    const conditions = await runtime.conditions(abort)
    return conditions.some(({ type, status }) => type === 'RuntimeReady' && status) ? 'ready' : 'not yet'
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    // Services are there when the socket is, or never: their plugins have been loaded by then.
    if (error.code === 'UNIMPLEMENTED') return 'no CRI'
    // No socket yet; or the CRI plugin is still reading what it knew.
    if (error.code === 'UNAVAILABLE' || error.code === 'UNKNOWN') return 'not yet'
    throw error
  }
}

async function failure(what: string, { logFile, logStart }: Starting): Promise<ContainerdFailed> {
  const said = await tailOf(logFile, logStart)
  return new ContainerdFailed(`containerd ${what}; the end of ${logFile}:\n${said === '' ? '(nothing)' : said}`)
}

/** The last lines that were written after `start`. */
async function tailOf(file: string, start: number): Promise<string> {
  const size = await sizeOf(file)
  const length = Math.min(size - start, 4096)
  if (length <= 0) return ''
  await using handle = await open(file)
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
  return buffer.toString('utf8').trimEnd().split('\n').slice(-10).join('\n')
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}
