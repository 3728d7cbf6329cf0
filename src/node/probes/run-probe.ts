import { RuntimeError, type ContainerRuntime } from '../cri/runtime.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import { httpGet, type ProbeOutcome } from './http-get.ts'
import { resolvePort } from './ports.ts'
import { tcpConnect } from './tcp-socket.ts'

export type ProbeSpec = NonNullable<ContainerSpec['readinessProbe']>

export interface ProbeTarget {
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
}

/** Does a probe once. Never rejects for what the container does; only a runtime that cannot be asked rejects. */
export async function runProbe(
  runtime: ContainerRuntime,
  probe: ProbeSpec,
  target: ProbeTarget,
): Promise<ProbeOutcome> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1
  const { exec, httpGet: get, tcpSocket } = probe
  if (exec !== undefined) return probeCommand(runtime, target.containerId, exec.command ?? [], timeoutSeconds)
  try {
    if (get !== undefined) {
      const port = resolvePort(target.spec, get.port)
      return await httpGet({ ...get, host: get.host ?? target.podIP, port, timeoutSeconds })
    }
    if (tcpSocket !== undefined) {
      const port = resolvePort(target.spec, tcpSocket.port)
      return await tcpConnect({ host: tcpSocket.host ?? target.podIP, port, timeoutSeconds })
    }
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, message: error.message }
    throw error
  }
  return { ok: false, message: 'the probe names no handler that is supported; use exec, httpGet or tcpSocket' }
}

async function probeCommand(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds)
    return exitCode === 0 ? { ok: true, message: '' } : { ok: false, message: `${stdout}${stderr}`.trimEnd() }
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code === 'UNAVAILABLE') throw error
    return { ok: false, message: `command timed out or could not be run: ${error.message}` }
  }
}
