import { createHash } from 'node:crypto'
import type { Pod } from '../../api/kinds/pod.ts'
import type { ContainerSpec } from './spec.ts'

type Strings = Readonly<Record<string, string>>

/** Keys that upstream's kubelet puts on sandboxes and containers (k8s.io/kubelet/pkg/types/labels.go). */
export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'

const restartCount = 'io.kubernetes.container.restartCount'
const hash = 'io.kubernetes.container.hash'
const terminationMessagePath = 'io.kubernetes.container.terminationMessagePath'
const terminationMessagePolicy = 'io.kubernetes.container.terminationMessagePolicy'
/** Ours: consecutive restarts without a long run in between, so that a restarted agent keeps the back-off. */
const crashStreak = 'portolan.io/crash-streak'
/** Ours: where the termination message lies on the node. */
const terminationLog = 'portolan.io/termination-log'

export function podLabels(pod: Pod): Strings {
  return {
    ...pod.metadata.labels,
    [podNameLabel]: pod.metadata.name,
    [podNamespaceLabel]: pod.metadata.namespace ?? '',
    [podUidLabel]: pod.metadata.uid,
  }
}

export function containerLabels(pod: Pod, { name }: ContainerSpec): Strings {
  const { metadata } = pod
  return {
    [podNameLabel]: metadata.name,
    [podNamespaceLabel]: metadata.namespace ?? '',
    [podUidLabel]: metadata.uid,
    [containerNameLabel]: name,
  }
}

export interface ContainerFacts {
  readonly attempt: number
  readonly streak: number
  /** Path on the node of the file mounted at the container's `terminationMessagePath`. */
  readonly terminationLog: string
}

export function containerAnnotations(spec: ContainerSpec, facts: ContainerFacts): Strings {
  return {
    [restartCount]: String(facts.attempt),
    [hash]: containerHash(spec),
    [terminationMessagePath]: spec.terminationMessagePath ?? '/dev/termination-log',
    [terminationMessagePolicy]: spec.terminationMessagePolicy ?? 'File',
    [crashStreak]: String(facts.streak),
    [terminationLog]: facts.terminationLog,
  }
}

interface Annotated {
  readonly annotations: Strings
}

export function crashStreakOf({ annotations }: Annotated): number {
  return Number(annotations[crashStreak] ?? 0)
}

export function hashOf({ annotations }: Annotated): string | undefined {
  return annotations[hash]
}

export function terminationLogOf({ annotations }: Annotated): string | undefined {
  return annotations[terminationLog]
}

export function fallsBackToLogs({ annotations }: Annotated): boolean {
  return annotations[terminationMessagePolicy] === 'FallbackToLogsOnError'
}

/** Changes when a container's definition changes in a way that calls for a restart: name and image, as upstream. */
export function containerHash({ name, image }: ContainerSpec): string {
  return createHash('sha256').update(JSON.stringify({ name, image })).digest('hex').slice(0, 8)
}
