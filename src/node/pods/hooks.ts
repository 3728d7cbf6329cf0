import type { Pod } from '../../api/kinds/pod.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { httpGet } from '../probes/http-get.ts'
import { resolvePort } from '../probes/ports.ts'
import type { ContainerSpec } from './spec.ts'

export type Hook = NonNullable<NonNullable<ContainerSpec['lifecycle']>['preStop']>

export interface HookRun {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly containerId: string
  readonly podIP: string
  /** The time it may take at most, in seconds; 0 leaves a command all the time it wants. */
  readonly timeoutSeconds: number
}

const httpHookSeconds = 30

export class HookFailed extends Error {
  override readonly name = 'HookFailed'
}

/** Runs a container's postStart or preStop hook to its end. Throws `HookFailed`. */
export async function runHook(runtime: ContainerRuntime, hook: Hook, run: HookRun): Promise<void> {
  const { exec, httpGet: get, sleep } = hook
  if (exec !== undefined) return runCommand(runtime, exec.command ?? [], run)
  if (get !== undefined) {
    const { ok, message } = await httpGet({
      ...get,
      host: get.host ?? run.podIP,
      port: resolvePort(run.spec, get.port),
      timeoutSeconds: run.timeoutSeconds === 0 ? httpHookSeconds : run.timeoutSeconds,
    })
    if (!ok) throw new HookFailed(message)
    return
  }
  if (sleep !== undefined) {
    const seconds = run.timeoutSeconds === 0 ? sleep.seconds : Math.min(sleep.seconds, run.timeoutSeconds)
    return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  }
  throw new HookFailed('the hook names no handler that is supported; use exec, httpGet or sleep')
}

async function runCommand(runtime: ContainerRuntime, command: readonly string[], run: HookRun): Promise<void> {
  const { exitCode, stdout, stderr } = await runtime.execSync(run.containerId, command, run.timeoutSeconds)
  if (exitCode !== 0) throw new HookFailed(`command '${command.join(' ')}' exited with ${exitCode}: ${stderr}${stdout}`)
}
