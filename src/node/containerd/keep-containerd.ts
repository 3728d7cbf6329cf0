import type { ContainerRuntime, RuntimeEvent } from '../cri/runtime.ts'
import type { ContainerdOptions } from './config.ts'
import { type ContainerdDeps, startContainerd } from './daemon.ts'

export type KeptRuntime = ContainerRuntime & {
  /** Starts containerd, or takes over the one that an agent before has started. */
  start(signal: AbortSignal): Promise<void>
}

/**
 * A runtime whose containerd is there whenever its events are followed: a follower that loses them, because containerd
 * has died, finds a new one when it comes back.
 */
export function keepContainerd(
  runtime: ContainerRuntime,
  options: ContainerdOptions,
  deps: ContainerdDeps,
): KeptRuntime {
  const start = async (signal: AbortSignal) => void (await startContainerd(options, deps, signal))
  async function* events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    await start(signal)
    yield* runtime.events(signal)
  }
  return { ...runtime, start, events }
}
