import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isStatus } from '../../api/errors.ts'
import { Pods, type Pod } from '../../api/kinds/pod.ts'
import type { Action } from './actions.ts'
import { aboutContainer } from './container-reference.ts'
import { currentSandbox, type ObservedPod } from './observed.ts'
import { logDirectory, logPath } from './paths.ts'
import type { PodDeps } from './pod-deps.ts'
import { deadlineMessage } from './progress.ts'
import type { SandboxOwner } from './runtime-view.ts'
import { podCgroup } from './sandbox-config.ts'
import { describePod, findContainer, type ContainerSpec } from './spec.ts'
import { startContainer, startCreated } from './start-container.ts'
import { preparePod, startSandbox } from './start-sandbox.ts'
import { removeVolumes } from './volumes/volumes.ts'

/** The pod that actions are done for. */
export interface Subject {
  readonly owner: SandboxOwner
  /** As last seen; for a pod that has left the API, as it was then; undefined if this agent never saw it. */
  readonly pod: Pod | undefined
  readonly observed: ObservedPod
  /** Aborts when the pod's fate changes, e.g. it is deleted while an image is being pulled. */
  readonly signal: AbortSignal
}

/** Actions that need nothing of the worker but its subject. */
export type WorldAction = Exclude<Action, { do: 'stop-container' | 'write-status' | 'renew-tokens' | 'forget' }>

/** Does one action. Throws `StartFailure` where the pod's status should tell why; anything else is tried again. */
export async function act(deps: PodDeps, subject: Subject, action: WorldAction): Promise<void> {
  const { runtime } = deps
  const { signal } = subject
  switch (action.do) {
    case 'prepare':
      return preparePod(deps, known(subject))
    case 'start-sandbox':
      return startSandbox(deps, { pod: known(subject), attempt: action.attempt, replaces: action.replaces, signal })
    case 'start-container': {
      const { attempt, streak } = action
      return startContainer(deps, { ...startOf(subject, action.name), attempt, streak })
    }
    case 'resume-container':
      return startCreated(deps, { ...startOf(subject, action.name), id: action.id })
    case 'stop-sandbox':
      return runtime.stopPodSandbox(action.id)
    case 'remove-sandbox':
      return runtime.removePodSandbox(action.id)
    case 'remove-container':
      return removeContainer(deps, subject, action.id)
    case 'announce':
      return announce(deps, known(subject), action)
    case 'clean-up':
      return cleanUp(deps, subject)
    case 'delete-object':
      return deleteObject(deps, known(subject))
    default:
      return action satisfies never
  }
}

function known({ pod, owner }: Subject): Pod {
  if (pod === undefined) throw new Error(`pod ${owner.namespace}/${owner.name} is not known`)
  return pod
}

function startOf(subject: Subject, name: string) {
  const pod = known(subject)
  const sandbox = currentSandbox(subject.observed)
  if (sandbox === undefined) throw new Error(`pod ${describePod(pod)} has no sandbox to start container ${name} in`)
  return { pod, spec: specOf(pod, name), sandbox, signal: subject.signal }
}

function specOf(pod: Pod, name: string): ContainerSpec {
  const spec = findContainer(pod, name)?.spec
  if (spec === undefined) throw new Error(`pod ${describePod(pod)} has no container ${name}`)
  return spec
}

/** A container's log goes with it. */
async function removeContainer({ runtime, paths }: PodDeps, { owner, observed }: Subject, id: string): Promise<void> {
  await runtime.removeContainer(id)
  const run = observed.containers.find((container) => container.id === id)
  if (run === undefined) return
  const path = logPath(run.metadata.name, run.metadata.attempt)
  await rm(join(logDirectory(paths, owner), path), { force: true })
}

function announce({ events }: PodDeps, pod: Pod, { name, reason }: Extract<Action, { do: 'announce' }>): void {
  const about = aboutContainer(pod, name)
  switch (reason) {
    case 'DeadlineExceeded':
      return events.event(pod, 'Normal', { reason, message: deadlineMessage })
    case 'CrashLoopBackOff': {
      const message = `Back-off restarting failed container ${name} in pod ${describePod(pod)}`
      return events.event(about, 'Warning', { reason: 'BackOff', message })
    }
    case 'ImagePullBackOff': {
      const image = JSON.stringify(specOf(pod, name).image)
      events.event(about, 'Normal', { reason: 'BackOff', message: `Back-off pulling image ${image}` })
      return events.event(about, 'Warning', { reason: 'Failed', message: `Error: ${reason}` })
    }
    default:
      return reason satisfies never
  }
}

async function cleanUp(deps: PodDeps, { owner, pod }: Subject): Promise<void> {
  const { paths, cgroups, cgroupRoot, readiness, sources, log } = deps
  readiness.forget(owner.uid)
  sources.tokens.forget(owner.uid)
  await removeVolumes(owner.uid, deps)
  await rm(logDirectory(paths, owner), { recursive: true, force: true })
  if (pod === undefined) return
  try {
    await cgroups.remove(podCgroup(pod, cgroupRoot))
  } catch (error) {
    // An empty cgroup that stays costs nothing; a pod that stays for it would.
    log.warn({ err: error, uid: owner.uid }, 'cgroup of the pod not removed')
  }
}

async function deleteObject({ client }: PodDeps, { metadata }: Pod): Promise<void> {
  const { namespace, name, uid } = metadata
  try {
    await client.delete(Pods, { namespace, name }, { gracePeriodSeconds: 0, uid })
  } catch (error) {
    // Gone, or another pod has its name by now.
    if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error
  }
}

/** Whose failure it is: a container's name, or undefined for the pod's. */
export function containerOf(action: Action): string | undefined {
  return action.do === 'start-container' || action.do === 'resume-container' ? action.name : undefined
}

