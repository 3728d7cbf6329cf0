import { decode } from './codec.ts'
import type { GrpcClient } from './grpc.ts'
import { taskExit, taskOom } from './messages.ts'
import { RuntimeError, type RuntimeEvent } from './runtime.ts'
import { eventsService } from './services.ts'

/** The namespace that containerd's CRI plugin keeps its containers in. */
const filters = ['/tasks/exit', '/tasks/oom'].map((topic) => `topic=="${topic}",namespace==k8s.io`)

/**
 * Ends of containers and sandboxes from containerd's own events service, which offers them since its first release;
 * CRI's `GetContainerEvents` exists from containerd 1.7 on. Nothing is told of what happened before: list after the
 * first subscription. Ends when the signal aborts; throws UNAVAILABLE when containerd goes away.
 */
export async function* runtimeEvents(client: GrpcClient, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  try {
    for await (const { topic, event } of client.serverStream(eventsService.subscribe, { filters }, { signal })) {
      const told = event && runtimeEvent(topic, event.value)
      if (told !== undefined) yield told
    }
  } catch (error) {
    if (!(signal.aborted && error instanceof RuntimeError && error.code === 'CANCELLED')) throw error
  }
}

/** Undefined for what is no end of a container: processes started by exec end with an id of their own. */
export function runtimeEvent(topic: string, value: Uint8Array): RuntimeEvent | undefined {
  if (topic === '/tasks/oom') return { type: 'oom', containerId: decode(taskOom, value).containerId }
  const { containerId, id } = decode(taskExit, value)
  return id === containerId ? { type: 'exit', containerId } : undefined
}
