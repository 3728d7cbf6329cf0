import { describeStatus } from '../cri/grpc-status.ts'
import { RuntimeError, type ContainerRuntime } from '../cri/runtime.ts'
import { expand } from '../pods/expand.ts'
import type { ContainerSpec } from '../pods/spec.ts'
import { grpcHealth } from './grpc-health.ts'
import { httpGet, HttpGetFailed, type HttpAnswer, type HttpGet } from './http-get.ts'
import { failure, success, type ProbeOutcome } from './outcome.ts'
import { resolvePort } from './ports.ts'
import { tcpConnect } from './tcp-socket.ts'
import { probeUserAgent as userAgent } from './user-agent.ts'

export type ProbeSpec = NonNullable<ContainerSpec['readinessProbe']>

export interface ProbeTarget {
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
}

/** Of what a command prints, in characters. */
const longestOutput = 10 * 1024

/** Does a probe once. Never rejects for what the container does; only a runtime that does not answer rejects. */
export async function runProbe(
  runtime: ContainerRuntime,
  probe: ProbeSpec,
  target: ProbeTarget,
): Promise<ProbeOutcome> {
  const { spec, podIP } = target
  const { exec, httpGet: get, tcpSocket, grpc, timeoutSeconds = 1 } = probe
  try {
    if (exec !== undefined) return await probeCommand(runtime, target, exec.command ?? [], timeoutSeconds)
    if (get !== undefined) {
      const port = resolvePort(spec, get.port)
      return await probeHttp({ ...get, host: get.host || podIP, port, timeoutSeconds, userAgent })
    }
    if (tcpSocket !== undefined) {
      const port = resolvePort(spec, tcpSocket.port)
      return await tcpConnect({ host: tcpSocket.host || podIP, port, timeoutSeconds })
    }
    if (grpc !== undefined) {
      const { port, service = '' } = grpc
      return await grpcHealth({ host: podIP, port, service, timeoutSeconds })
    }
  } catch (error) {
    if (error instanceof RangeError) return { result: 'unknown', message: error.message }
    throw error
  }
  return { result: 'unknown', message: `missing probe handler for container ${spec.name}` }
}

async function probeCommand(
  runtime: ContainerRuntime,
  { spec, containerId }: ProbeTarget,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  const variables = plainVariables(spec)
  const words = command.map((word) => expand(word, variables))
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, words, timeoutSeconds)
    return exitCode === 0 ? success : failure(`${stdout}${stderr}`.slice(0, longestOutput).trimEnd())
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code === 'UNAVAILABLE') throw error
    if (error.code !== 'DEADLINE_EXCEEDED') return { result: 'unknown', message: describeStatus(error) }
    return failure(`command timed out: ${JSON.stringify(words.join(' '))} timed out after ${timeoutSeconds}s`)
  }
}

/** Of the container's own variables only those with a plain value are known to a probe, as to upstream's. */
function plainVariables({ env = [] }: ContainerSpec): ReadonlyMap<string, string> {
  return new Map(env.filter(({ valueFrom }) => valueFrom === undefined).map(({ name, value = '' }) => [name, value]))
}

async function probeHttp(target: HttpGet): Promise<ProbeOutcome> {
  try {
    return outcomeOf(await httpGet(target))
  } catch (error) {
    if (error instanceof HttpGetFailed) return failure(error.message)
    throw error
  }
}

/** Success is any status from 200 to 399; that a redirect led elsewhere is worth telling. */
function outcomeOf({ status, body }: HttpAnswer): ProbeOutcome {
  if (status < 200 || status >= 400) return failure(`HTTP probe failed with statuscode: ${status}`)
  if (status < 300) return success
  return { result: 'warning', message: `Probe terminated redirects, Response body: ${body}` }
}
