import { spawn } from 'node:child_process'
import { signal as signalProcess } from './process-table.ts'
import {
  CommandFailed,
  type LastingProcesses,
  type Processes,
  type RunningProcess,
  type RunOptions,
  type StartOptions,
} from './processes.ts'

type Command = readonly [string, ...string[]]

/**
 * Programs of the machine. A network namespace is entered with nsenter, not with `ip netns exec`, which mounts a new
 * /sys without the cgroup hierarchies in it. A program that cannot be found fails with exit code 127, as in a shell.
 */
export const realProcesses: Processes & LastingProcesses = {
  async run(command, options = {}) {
    options.signal?.throwIfAborted()
    const { exitCode, stdout, stderr } = await runToEnd(inNamespace(command, options.netns), options)
    options.signal?.throwIfAborted()
    if (exitCode !== 0) throw new CommandFailed(command, exitCode, stderr)
    return { stdout, stderr }
  },

  start(command, options = {}) {
    return start(inNamespace(command, options.netns), options)
  },
}

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function inNamespace(command: Command, netns: string | undefined): Command {
  return netns === undefined ? command : ['nsenter', `--net=${netns}`, '--', ...command]
}

/** Resolves when the program has ended and its output is closed; ends it when the signal aborts. */
function runToEnd([program, ...args]: Command, { input, signal, ownGroup = false }: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], detached: ownGroup })
    // A program that could not be started has no id.
    const kill = () => (ownGroup && child.pid !== undefined ? signalProcess(-child.pid, 'SIGTERM') : void child.kill())
    signal?.addEventListener('abort', kill, { once: true })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.on('error', (error: NodeJS.ErrnoException) => {
      signal?.removeEventListener('abort', kill)
      if (error.code !== 'ENOENT') return reject(error)
      resolve({ exitCode: 127, stdout: '', stderr: `${program}: command not found` })
    })
    child.on('close', (exitCode) => {
      signal?.removeEventListener('abort', kill)
      resolve({ exitCode, stdout: stdout(), stderr: stderr() })
    })
    // A program may end without reading its input; its exit code says whether that was a failure.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error)
    })
    child.stdin?.end(input)
  })
}

function start([program, ...args]: Command, options: StartOptions): RunningProcess {
  const child = spawn(program, args, {
    cwd: options.directory,
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', options.onStdout === undefined ? 'ignore' : 'pipe', 'pipe'],
  })
  const tell = options.onStderr ?? (() => undefined)
  const { onStdout } = options
  if (onStdout !== undefined) child.stdout?.setEncoding('utf8').on('data', onStdout)
  child.stderr?.setEncoding('utf8').on('data', tell)
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', (error) => {
    tell(`${error.message}\n`)
    resolve(127)
  })
  child.on('close', resolve)
  // The other end is gone; `ended` tells it.
  child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error)
  })
  return {
    ended,
    write: (input) => void child.stdin?.write(input),
    endInput: () => void child.stdin?.end(),
    kill: () => void child.kill('SIGKILL'),
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  return () => Buffer.concat(pieces).toString('utf8')
}
