import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Container, PodSandbox } from '../cri/runtime.ts'
import { containerAnnotations, containerLabels, podLabels } from './labels.ts'
import { findContainer } from './spec.ts'

/** Builders for tests of this folder. */

export type PodInput = Partial<Omit<Pod, 'metadata' | 'spec'>> & {
  metadata?: Partial<Pod['metadata']>
  spec?: Partial<Pod['spec']>
}

/** A pod `default/web` with one container `app` on node-1. */
export function testPod({ metadata, spec, status }: PodInput = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'default',
      name: 'web',
      uid: 'uid-1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: { nodeName: 'node-1', restartPolicy: 'Always', containers: [{ name: 'app', image: 'kubia' }], ...spec },
    ...(status === undefined ? {} : { status }),
  }
}

export const testNow = new Date('2026-01-01T01:00:00Z')

export function secondsBefore(seconds: number, now: Date = testNow): Date {
  return new Date(now.getTime() - seconds * 1000)
}

export function testSandbox(pod: Pod, overrides: Partial<PodSandbox> & { attempt?: number } = {}): PodSandbox {
  const { attempt = 0, ...rest } = overrides
  const { name, uid, namespace = '' } = pod.metadata
  return {
    id: `sandbox-${attempt}`,
    metadata: { name, uid, namespace, attempt },
    state: 'ready',
    createdAt: secondsBefore(3600),
    ip: '10.108.1.7',
    labels: podLabels(pod),
    annotations: {},
    ...rest,
  }
}

export type RunInput = Partial<Container> & { name?: string; attempt?: number; streak?: number; sandbox?: number }

/** A run of a container of the pod, running for a minute unless told otherwise. */
export function testRun(pod: Pod, overrides: RunInput = {}): Container {
  const { name = 'app', attempt = 0, streak = 0, sandbox = 0, ...rest } = overrides
  const spec = findContainer(pod, name)?.spec
  if (spec === undefined) throw new Error(`no container ${name}`)
  return {
    id: `${name}-${attempt}`,
    sandboxId: `sandbox-${sandbox}`,
    metadata: { name, attempt },
    image: spec.image ?? '',
    imageRef: `sha256:${spec.image}`,
    state: 'running',
    createdAt: secondsBefore(60),
    startedAt: secondsBefore(60),
    labels: containerLabels(pod, spec),
    annotations: containerAnnotations(spec, { attempt, streak, terminationLog: '/nowhere' }),
    ...rest,
  }
}

export function exitedRun(pod: Pod, overrides: RunInput = {}): Container {
  return testRun(pod, { state: 'exited', exitCode: 1, reason: 'Error', finishedAt: secondsBefore(1), ...overrides })
}

/** A directory that goes when it is disposed of. */
export async function scratchDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'portolan-pods-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export async function scratchFile(directory: string, name: string, content: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}
