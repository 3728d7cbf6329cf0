import { mkdir, readFile } from 'node:fs/promises'
import type { Pod } from '../../api/kinds/pod.ts'
import { parseResolvConf } from '../../base/resolv-conf.ts'
import { describeStatus } from '../cri/grpc-status.ts'
import { RuntimeError, type PodSandboxConfig } from '../cri/runtime.ts'
import { podDns } from './dns.ts'
import type { DownwardFacts } from './field-values.ts'
import { dataDirectory, logDirectory, ownerOf } from './paths.ts'
import type { NodeFacts, PodDeps } from './pod-deps.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { StartFailure } from './start-failure.ts'
import { prepareVolumes } from './volumes/volumes.ts'

/** Makes a pod's directories and volumes. Idempotent. Throws `StartFailure`. */
export async function preparePod(deps: PodDeps, pod: Pod): Promise<void> {
  await mkdir(dataDirectory(deps.paths, pod.metadata.uid), { recursive: true, mode: 0o750 })
  await mkdir(logDirectory(deps.paths, ownerOf(pod)), { recursive: true })
  const facts = downwardFacts(pod, '', deps.node)
  const problems = await prepareVolumes({ pod, sources: deps.sources, facts }, deps)
  for (const { reason, message } of problems) deps.events.event(pod, 'Warning', { reason, message })
  const [first] = problems
  if (first !== undefined) throw first
}

export interface SandboxStart {
  readonly pod: Pod
  readonly attempt: number
  /** Whether an earlier sandbox of the pod has died. */
  readonly replaces: boolean
  readonly signal: AbortSignal
}

/** Throws `StartFailure`. */
export async function startSandbox(deps: PodDeps, { pod, attempt, replaces, signal }: SandboxStart): Promise<void> {
  const { runtime, events } = deps
  if (replaces) {
    const message = 'Pod sandbox changed, it will be killed and re-created.'
    events.event(pod, 'Normal', { reason: 'SandboxChanged', message })
  }
  const { omitted } = await dnsOf(deps, pod)
  if (omitted !== undefined) events.event(pod, 'Warning', { reason: 'DNSConfigForming', message: omitted })
  try {
    await runtime.runPodSandbox(await sandboxConfigOf(deps, pod, attempt), signal)
  } catch (error) {
    signal.throwIfAborted()
    const why = problemOf(error)
    if (why === undefined) throw error
    const message = `Failed to create pod sandbox: ${why}`
    events.event(pod, 'Warning', { reason: 'FailedCreatePodSandBox', message })
    throw new StartFailure('sandbox', 'FailedCreatePodSandBox', message)
  }
}

/** Undefined for what has nothing to do with the pod. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof RuntimeError) return describeStatus(error)
  return error instanceof StartFailure ? error.message : undefined
}

/** The configuration that a sandbox of this attempt was or will be made with. Throws `StartFailure`. */
export async function sandboxConfigOf(deps: PodDeps, pod: Pod, attempt: number): Promise<PodSandboxConfig> {
  const { paths, cgroupRoot, clusterDns } = deps
  const { config: dns } = await dnsOf(deps, pod)
  return sandboxConfig(pod, { attempt, dns, clusterDomain: clusterDns.domain, paths, cgroupRoot })
}

/** What the downward API tells of the pod; `sandboxIP` is '' in the node's network. */
export function downwardFacts(pod: Pod, sandboxIP: string, { hostIP, allocatable }: NodeFacts): DownwardFacts {
  return { hostIP, podIP: pod.spec.hostNetwork === true ? hostIP : sandboxIP, allocatable }
}

async function dnsOf({ clusterDns, nodeResolvConfPath }: PodDeps, pod: Pod) {
  return podDns(pod, clusterDns, parseResolvConf(await readFile(nodeResolvConfPath, 'utf8')))
}
