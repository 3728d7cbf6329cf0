import type { ContainerRuntime, StreamRequest } from '../cri/runtime.ts'
import { findPod, findSpec, readySandbox, runningContainer, RequestFailed, type TargetDeps } from './targets.ts'

export interface StreamDeps extends TargetDeps {
  readonly runtime: ContainerRuntime
}

export type StreamPurpose = 'exec' | 'attach' | 'portForward'

export interface StreamCall {
  readonly purpose: StreamPurpose
  readonly namespace: string
  readonly pod: string
  /** '' for port forwarding. */
  readonly container: string
  readonly query: URLSearchParams
}

/** Where the runtime awaits the connection. Throws `RequestFailed`. */
export async function streamUrl(deps: StreamDeps, call: StreamCall): Promise<URL> {
  const { purpose, query } = call
  const pod = findPod(deps, call.namespace, call.pod)
  switch (purpose) {
    case 'exec': {
      findSpec(pod, call.container)
      const { id } = await runningContainer(deps, pod, call.container)
      const command = query.getAll('command')
      if (command.length === 0) throw new RequestFailed(400, 'you must specify at least 1 command for the container')
      return new URL(await deps.runtime.execUrl({ ...streams(query), containerId: id, command }))
    }
    case 'attach': {
      const { tty = false } = findSpec(pod, call.container)
      const { id } = await runningContainer(deps, pod, call.container)
      return new URL(await deps.runtime.attachUrl({ ...streams(query), containerId: id, tty }))
    }
    case 'portForward':
      return new URL(await deps.runtime.portForwardUrl((await readySandbox(deps, pod)).id, forwardedPorts(query)))
    default:
      return purpose satisfies never
  }
}

/** A terminal has no stderr of its own. Both upstream's names and those of PodExecOptions are understood. */
function streams(query: URLSearchParams): Omit<StreamRequest, 'containerId'> {
  const tty = flag(query, 'tty')
  const wanted = {
    stdin: flag(query, 'input') || flag(query, 'stdin'),
    stdout: flag(query, 'output') || flag(query, 'stdout'),
    stderr: !tty && (flag(query, 'error') || flag(query, 'stderr')),
    tty,
  }
  if (wanted.stdin || wanted.stdout || wanted.stderr) return wanted
  throw new RequestFailed(400, 'you must specify at least 1 of stdin, stdout, stderr')
}

/** The ports of a WebSocket, as upstream's kubelet takes them: `port=80,443`. Throws `RequestFailed`. */
export function forwardedPorts(query: URLSearchParams): number[] {
  return query
    .getAll('port')
    .flatMap((text) => text.split(','))
    .map((text) => {
      const port = Number(text)
      if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port
      throw new RequestFailed(400, `port ${JSON.stringify(text)} is not a number from 1 to 65535`)
    })
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value === '1' || value === 'true'
}
