import type { Pod } from '../../api/kinds/pod.ts'
import type { Clock } from '../../base/clock.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { ContainerRuntime, Image } from '../cri/runtime.ts'
import type { ContainerSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'

export interface ImageDeps {
  readonly runtime: ContainerRuntime
  readonly events: EventRecorder
  readonly clock: Clock
  /** Whether an image was built into the node: it is never pulled, whatever the policy. */
  isPinned(image: string): boolean
}

export interface ImageRequest {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly signal: AbortSignal
}

/** Sees to it that a container's image is on the node, by its `imagePullPolicy`. Throws `StartFailure`. */
export async function ensureImage(deps: ImageDeps, { pod, spec, signal }: ImageRequest): Promise<Image> {
  const image = spec.image ?? ''
  const present = await deps.runtime.imageStatus(image)
  const policy = deps.isPinned(image) ? 'Never' : (spec.imagePullPolicy ?? defaultPolicy(image))
  if (present !== undefined && policy !== 'Always') {
    deps.events.event(pod, 'Normal', {
      reason: 'Pulled',
      message: `Container image ${JSON.stringify(image)} already present on machine`,
    })
    return present
  }
  if (policy === 'Never') {
    const message = `Container image ${JSON.stringify(image)} is not present with pull policy of Never`
    deps.events.event(pod, 'Warning', { reason: 'ErrImageNeverPull', message })
    throw new StartFailure('config', 'ErrImageNeverPull', message)
  }
  return pull(deps, { pod, spec, signal }, image)
}

async function pull(deps: ImageDeps, { pod, signal }: ImageRequest, image: string): Promise<Image> {
  const { runtime, events, clock } = deps
  const quoted = JSON.stringify(image)
  events.event(pod, 'Normal', { reason: 'Pulling', message: `Pulling image ${quoted}` })
  const startMs = clock.monotonicMs()
  try {
    await runtime.pullImage(image, signal)
  } catch (error) {
    signal.throwIfAborted()
    const why = error instanceof Error ? error.message : String(error)
    events.event(pod, 'Warning', { reason: 'Failed', message: `Failed to pull image ${quoted}: ${why}` })
    throw new StartFailure('image', 'ErrImagePull', why)
  }
  const pulled = await runtime.imageStatus(image)
  if (pulled === undefined) throw new StartFailure('image', 'ErrImagePull', `image ${quoted} was pulled but is missing`)
  const took = `${((clock.monotonicMs() - startMs) / 1000).toFixed(3)}s`
  const size = `Image size: ${pulled.sizeBytes} bytes.`
  const message = `Successfully pulled image ${quoted} in ${took} (${took} including waiting). ${size}`
  events.event(pod, 'Normal', { reason: 'Pulled', message })
  return pulled
}

/** What the API server fills in when the field is left out: `Always` for `latest`. */
function defaultPolicy(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  if (name.includes('@')) return 'IfNotPresent'
  const tag = name.split(':')[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}
