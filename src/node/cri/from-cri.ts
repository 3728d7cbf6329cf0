import type { Decoded } from './codec.ts'
import {
  containerStates,
  sandboxStates,
  type container as containerMessage,
  type containerStatus,
  type image,
  type podSandbox,
  type podSandboxStatus,
} from './messages.ts'
import type { Container, Image, PodSandbox } from './runtime.ts'

export function fromSandbox(sandbox: Decoded<typeof podSandbox>): PodSandbox {
  const { id, metadata, state, createdAt, labels, annotations } = sandbox
  return {
    id,
    metadata: metadata ?? { name: '', uid: '', namespace: '', attempt: 0 },
    state: sandboxStates[state] ?? 'notReady',
    createdAt: dateOf(createdAt),
    ip: '',
    labels,
    annotations,
  }
}

export function fromSandboxStatus(status: Decoded<typeof podSandboxStatus>): PodSandbox {
  return { ...fromSandbox(status), ip: status.network?.ip ?? '' }
}

export function fromContainer(container: Decoded<typeof containerMessage>): Container {
  const { id, podSandboxId, metadata, image, imageRef, state, createdAt, labels, annotations } = container
  return {
    id,
    sandboxId: podSandboxId,
    metadata: metadata ?? { name: '', attempt: 0 },
    image: image?.image ?? '',
    imageRef,
    state: containerStates[state] ?? 'unknown',
    createdAt: dateOf(createdAt),
    labels,
    annotations,
  }
}

/** Times that were not reached yet and empty texts are left out; the exit code is there once it has ended. */
export function fromContainerStatus(status: Decoded<typeof containerStatus>, sandboxId: string): Container {
  const { startedAt, finishedAt, exitCode, reason, message, logPath } = status
  return {
    ...fromContainer({ ...status, podSandboxId: sandboxId }),
    ...(startedAt > 0 ? { startedAt: dateOf(startedAt) } : {}),
    ...(finishedAt > 0 ? { finishedAt: dateOf(finishedAt), exitCode } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(message === '' ? {} : { message }),
    ...(logPath === '' ? {} : { logPath }),
  }
}

export function fromImage({ id, repoTags, repoDigests, size, uid, username }: Decoded<typeof image>): Image {
  return {
    id,
    repoTags,
    repoDigests,
    sizeBytes: size,
    ...(uid !== undefined && { uid: uid.value }),
    ...(username !== '' && { username }),
  }
}

function dateOf(nanoseconds: number): Date {
  return new Date(nanoseconds / 1e6)
}
