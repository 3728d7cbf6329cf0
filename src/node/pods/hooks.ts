import type { Pod } from '../../api/kinds/pod.ts'
import type { Clock } from '../../base/clock.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { RuntimeError, type ContainerRuntime } from '../cri/runtime.ts'
import { httpGet, HttpGetFailed, type HttpGet } from '../probes/http-get.ts'
import { joinHostPort, notTls } from '../probes/network-error.ts'
import { resolvePort } from '../probes/ports.ts'
import { hookUserAgent as userAgent } from '../probes/user-agent.ts'
import { describePod, type ContainerSpec } from './spec.ts'

export type Hook = NonNullable<NonNullable<ContainerSpec['lifecycle']>['preStop']>
type HttpHook = NonNullable<Hook['httpGet']>

export interface HookDeps {
  readonly runtime: ContainerRuntime
  readonly clock: Clock
  readonly events: EventRecorder
}

export interface HookRun {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
  /** The time it may take at most, in seconds; 0 leaves it all the time it wants. */
  readonly timeoutSeconds: number
}

/** Its message has upstream's words. It may hold secrets that the hook has printed: it is no matter for Events. */
export class HookFailed extends Error {
  override readonly name = 'HookFailed'
}

/** Runs a container's postStart or preStop hook to its end. Throws `HookFailed`. */
export async function runHook(deps: HookDeps, hook: Hook, run: HookRun): Promise<void> {
  const { exec, httpGet: get, sleep } = hook
  const where = `for Container "${run.spec.name}" in Pod "${describePod(run.pod)}" failed - error:`
  if (exec !== undefined) {
    const why = await runCommand(deps.runtime, exec.command ?? [], run)
    if (why !== undefined) throw new HookFailed(`Exec lifecycle hook ([${(exec.command ?? []).join(' ')}]) ${where} ${why}`)
  } else if (get !== undefined) {
    const why = await requestHook(deps.events, get, run)
    if (why !== undefined) throw new HookFailed(`HTTP lifecycle hook (${get.path ?? ''}) ${where} ${why}`)
  } else if (sleep !== undefined) {
    const seconds = run.timeoutSeconds === 0 ? sleep.seconds : Math.min(sleep.seconds, run.timeoutSeconds)
    await deps.clock.sleep(seconds * 1000)
  } else {
    throw new HookFailed('Cannot run handler: invalid handler: use one of exec, httpGet and sleep')
  }
}

/** Resolves to what went wrong. */
async function runCommand(
  runtime: ContainerRuntime,
  command: readonly string[],
  { containerId, timeoutSeconds }: HookRun,
): Promise<string | undefined> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds)
    if (exitCode === 0) return undefined
    const output = JSON.stringify(`${stdout}${stderr}`)
    return `command '${command.join(' ')}' exited with ${exitCode}: ${stderr}, message: ${output}`
  } catch (error) {
    if (error instanceof RuntimeError) return `${error.message}, message: ""`
    throw error
  }
}

/** Any answer will do, whatever its status. Resolves to what went wrong. */
async function requestHook(events: EventRecorder, hook: HttpHook, run: HookRun): Promise<string | undefined> {
  try {
    const port = resolvePort(run.spec, hook.port)
    const target = { ...hook, host: hook.host || run.podIP, port, timeoutSeconds: run.timeoutSeconds, userAgent }
    if (await answersWithoutTls(target)) tellFallback(events, run.pod, target)
    return undefined
  } catch (error) {
    if (error instanceof HttpGetFailed || error instanceof RangeError) return error.message
    throw error
  }
}

/** Hooks that say HTTPS were once asked by HTTP: a server that knows nothing else is asked again. */
async function answersWithoutTls(target: HttpGet): Promise<boolean> {
  try {
    await httpGet(target)
    return false
  } catch (error) {
    if (!(error instanceof HttpGetFailed && error.message.endsWith(notTls))) throw error
  }
  const httpHeaders = (target.httpHeaders ?? []).filter(({ name }) => name.toLowerCase() !== 'authorization')
  await httpGet({ ...target, scheme: 'HTTP', httpHeaders })
  return true
}

function tellFallback(events: EventRecorder, pod: Pod, { host, port }: HttpGet): void {
  const address = joinHostPort(host, port)
  const message = `request to HTTPS lifecycle hook ${address} got HTTP response, retry with HTTP succeeded`
  events.event(pod, 'Warning', { reason: 'LifecycleHTTPFallback', message })
}
