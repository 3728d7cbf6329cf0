import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import type { PodSandbox } from '../cri/runtime.ts'
import { containerConfig } from './container-config.ts'
import { aboutContainer } from './container-reference.ts'
import { environmentOf } from './environment.ts'
import { HookFailed, runHook, type Hook } from './hooks.ts'
import { hostsFileContent } from './hosts-file.ts'
import { ImageFailure } from './image-failure.ts'
import { ensureImage } from './images.ts'
import { volumeMounts } from './mounts.ts'
import { hostsFile, logDirectory, ownerOf, terminationLog } from './paths.ts'
import type { PodDeps } from './pod-deps.ts'
import { verifyNonRoot } from './security.ts'
import { downwardFacts, sandboxConfigOf } from './start-sandbox.ts'
import type { ContainerSpec } from './spec.ts'
import { StartFailure } from './start-failure.ts'
import { stopContainer } from './stop-container.ts'

export interface ContainerStart {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly sandbox: PodSandbox
  readonly attempt: number
  readonly streak: number
  readonly signal: AbortSignal
}

/** Brings a container to run: image, environment, files, create, start. Throws `StartFailure`. */
export async function startContainer(deps: PodDeps, start: ContainerStart): Promise<void> {
  const { pod, spec, sandbox, signal } = start
  const id = await tellingFailure(deps, start, () => create(deps, start))
  await startCreated(deps, { pod, spec, sandbox, id, signal })
}

/** `ensureImage` has told of a missing image already; other failures have only this event. */
async function tellingFailure<T>({ events }: PodDeps, { pod, spec }: Pick<ContainerStart, 'pod' | 'spec'>, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof StartFailure) {
      const message = error instanceof ImageFailure ? error.reason : error.message
      events.event(aboutContainer(pod, spec.name), 'Warning', { reason: 'Failed', message: `Error: ${message}` })
    }
    throw error
  }
}

async function create(deps: PodDeps, { pod, spec, sandbox, attempt, streak, signal }: ContainerStart): Promise<string> {
  const { runtime, events, paths, node } = deps
  const image = await ensureImage(deps, { pod, spec, signal })
  verifyNonRoot(pod, spec, image)
  const variables = await environmentOf({
    pod,
    spec,
    services: deps.services.list(),
    sources: deps.sources,
    facts: downwardFacts(pod, sandbox.ip, node),
  })
  const log = terminationLog(paths, pod.metadata.uid, spec.name, attempt)
  const mounts = await volumeMounts(pod, spec, { paths, variables })
  await writeFiles(deps, { pod, spec, podIP: sandbox.ip, terminationLog: log })
  const config = containerConfig(pod, spec, {
    image,
    attempt,
    streak,
    terminationLog: log,
    variables,
    volumeMounts: mounts,
    paths,
    memoryCapacity: node.allocatable.memory,
  })
  signal.throwIfAborted()
  const id = await orFail('CreateContainerError', async () =>
    runtime.createContainer(sandbox.id, config, await sandboxConfigOf(deps, pod, sandbox.metadata.attempt)),
  )
  events.event(aboutContainer(pod, spec.name), 'Normal', { reason: 'Created', message: `Created container: ${spec.name}` })
  return id
}

export interface CreatedContainer {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly sandbox: PodSandbox
  readonly id: string
  readonly signal: AbortSignal
}

/** Starts a container that is created. Throws `StartFailure`. */
export async function startCreated(deps: PodDeps, created: CreatedContainer): Promise<void> {
  const { runtime, events } = deps
  const { pod, spec, id } = created
  await tellingFailure(deps, created, () => orFail('RunContainerError', () => runtime.startContainer(id)))
  events.event(aboutContainer(pod, spec.name), 'Normal', { reason: 'Started', message: `Started container ${spec.name}` })
  if (spec.lifecycle?.postStart !== undefined) await afterStart(deps, created, spec.lifecycle.postStart)
}

/** Runs the postStart hook; a container whose hook fails is stopped. A pod that is deleted does not wait for it. */
async function afterStart(deps: PodDeps, created: CreatedContainer, hook: Hook): Promise<void> {
  const { pod, spec, sandbox, id, signal } = created
  const { name } = spec
  const { podIP } = downwardFacts(pod, sandbox.ip, deps.node)
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([runHook(deps, hook, { pod, spec, containerId: id, podIP, timeoutSeconds: 0 }), aborted.promise])
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HookFailed)) throw error
    const reason = 'FailedPostStartHook'
    deps.events.event(aboutContainer(pod, name), 'Warning', { reason, message: 'PostStartHook failed' })
    const graceMs = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
    const deadline = new Date(deps.clock.now().getTime() + graceMs)
    await stopContainer(deps, { pod, id, name, podIP, deadline, message: reason, again: false })
    throw new StartFailure('config', 'PostStartHookError', error.message)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

interface FileInputs {
  readonly pod: Pod
  readonly spec: ContainerSpec
  readonly podIP: string
  readonly terminationLog: string
}

async function writeFiles(
  { paths, clusterDns, nodeHostsPath }: PodDeps,
  { pod, spec, podIP, terminationLog: log }: FileInputs,
): Promise<void> {
  const nodeHosts = pod.spec.hostNetwork === true ? await readFile(nodeHostsPath, 'utf8') : ''
  const hosts = hostsFile(paths, pod.metadata.uid)
  await mkdir(dirname(hosts), { recursive: true })
  await writeFile(hosts, hostsFileContent(pod, podIP, clusterDns.domain, nodeHosts))
  await mkdir(dirname(log), { recursive: true })
  await writeFile(log, '')
  // Containers of any user may write their last words. Not an option of writeFile, where the umask would apply.
  await chmod(log, 0o666)
  await mkdir(join(logDirectory(paths, ownerOf(pod)), spec.name), { recursive: true })
}

async function orFail<T>(reason: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw new StartFailure('config', reason, error instanceof Error ? error.message : String(error))
  }
}
