import type { Pod } from '../../api/kinds/pod.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Clock } from '../../base/clock.ts'
import type { EventRecorder, Subject } from '../../client/event-recorder.ts'
import { RuntimeError, type ContainerRuntime, type Image, type RegistryAuth } from '../cri/runtime.ts'
import { referenceProblem } from '../images/reference.ts'
import { credentialsFor, CredentialsError } from '../images/registry-credentials.ts'
import { aboutContainer } from './container-reference.ts'
import { ImageFailure } from './image-failure.ts'
import type { PodSources } from './sources.ts'
import type { ContainerSpec } from './spec.ts'

export interface ImageDeps {
  readonly runtime: ContainerRuntime
  readonly events: EventRecorder
  readonly clock: Clock
  readonly sources: Pick<PodSources, 'secret'>
  /** Whether an image was built into the node: as long as it is there it is not pulled, whatever the policy. */
  isPinned(image: string): boolean
}

export interface ImageRequest {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly signal: AbortSignal
}

/** Sees to it that a container's image is on the node, by its `imagePullPolicy`. Throws `ImageFailure`. */
export async function ensureImage(deps: ImageDeps, request: ImageRequest): Promise<Image> {
  const { pod, spec } = request
  const image = spec.image ?? ''
  const quoted = JSON.stringify(image)
  const about = aboutContainer(pod, spec.name)
  const present = await inspect(deps, about, image)
  const pinned = present !== undefined && deps.isPinned(image)
  const policy = pinned ? 'Never' : (spec.imagePullPolicy ?? defaultPolicy(image))
  if (present !== undefined && policy !== 'Always') {
    const message = `Container image ${quoted} already present on machine`
    deps.events.event(about, 'Normal', { reason: 'Pulled', message })
    return present
  }
  if (policy === 'Never') {
    const message = `Container image ${quoted} is not present with pull policy of Never`
    deps.events.event(about, 'Warning', { reason: 'ErrImageNeverPull', message })
    throw new ImageFailure('config', 'ErrImageNeverPull', message)
  }
  return pull(deps, request, about)
}

async function inspect({ runtime, events }: ImageDeps, about: Subject, image: string): Promise<Image | undefined> {
  const quoted = JSON.stringify(image)
  const fail = (reason: string, message: string) => {
    events.event(about, 'Warning', { reason: 'InspectFailed', message })
    return new ImageFailure('config', reason, message)
  }
  const problem = referenceProblem(image)
  if (problem !== undefined) {
    const why = `couldn't parse image name ${quoted}: ${problem}`
    throw fail('InvalidImageName', `Failed to apply default image tag ${quoted}: ${why}`)
  }
  try {
    return await runtime.imageStatus(image)
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    throw fail('ImageInspectError', `Failed to inspect image ${quoted}: ${error.message}`)
  }
}

async function pull(deps: ImageDeps, request: ImageRequest, about: Subject): Promise<Image> {
  const { runtime, events, clock } = deps
  const image = request.spec.image ?? ''
  const quoted = JSON.stringify(image)
  events.event(about, 'Normal', { reason: 'Pulling', message: `Pulling image ${quoted}` })
  const startMs = clock.monotonicMs()
  try {
    await pullWithSecrets(deps, request, image)
  } catch (error) {
    request.signal.throwIfAborted()
    if (!(error instanceof RuntimeError || error instanceof CredentialsError)) throw error
    events.event(about, 'Warning', { reason: 'Failed', message: `Failed to pull image ${quoted}: ${error.message}` })
    throw new ImageFailure('image', 'ErrImagePull', error.message)
  }
  const pulled = await runtime.imageStatus(image)
  if (pulled === undefined) throw new ImageFailure('image', 'ErrImagePull', `image ${quoted} was pulled but is missing`)
  const took = `${((clock.monotonicMs() - startMs) / 1000).toFixed(3)}s`
  const size = `Image size: ${pulled.sizeBytes} bytes.`
  const message = `Successfully pulled image ${quoted} in ${took} (${took} including waiting). ${size}`
  events.event(about, 'Normal', { reason: 'Pulled', message })
  return pulled
}

/** Tries all credentials that fit, and none only if there are none. Rejects with what the registry said to each. */
async function pullWithSecrets(deps: ImageDeps, { pod, signal }: ImageRequest, image: string): Promise<void> {
  const found = credentialsFor(image, await pullSecrets(deps, pod))
  const credentials: readonly (RegistryAuth | undefined)[] = found.length === 0 ? [undefined] : found
  const refusals: RuntimeError[] = []
  for (const auth of credentials) {
    try {
      await deps.runtime.pullImage(image, auth, signal)
      return
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      refusals.push(error)
    }
  }
  const messages = [...new Set(refusals.map(({ message }) => message))]
  throw new RuntimeError('UNKNOWN', messages.length === 1 ? messages.join('') : `[${messages.join(', ')}]`)
}

/** Those of the pod that are there; the API server has added those of its ServiceAccount. */
async function pullSecrets({ sources, events }: ImageDeps, pod: Pod): Promise<readonly Secret[]> {
  const namespace = pod.metadata.namespace ?? ''
  const names = (pod.spec.imagePullSecrets ?? []).map(({ name = '' }) => name).filter((name) => name !== '')
  const found = await Promise.all(names.map((name) => sources.secret(namespace, name)))
  const missing = names.filter((_, index) => found[index] === undefined)
  if (missing.length > 0) {
    const what = `Unable to retrieve some image pull secrets (${missing.join(', ')})`
    const message = `${what}; attempting to pull the image may not succeed.`
    events.event(pod, 'Warning', { reason: 'FailedToRetrieveImagePullSecret', message })
  }
  return found.filter((secret) => secret !== undefined)
}

/** What the API server fills in when the field is left out: `Always` for `latest`. */
function defaultPolicy(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  if (name.includes('@')) return 'IfNotPresent'
  const tag = name.split(':')[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}
