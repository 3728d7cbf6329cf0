import type { Pod } from '../../api/kinds/pod.ts'
import { objectKey } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { Container, PodSandbox } from '../cri/runtime.ts'
import { currentSandbox, runsOf } from '../pods/observed.ts'
import type { RuntimeView } from '../pods/runtime-view.ts'
import { findContainer, type ContainerSpec } from '../pods/spec.ts'

export interface TargetDeps {
  readonly pods: Cache<Pod>
  readonly view: RuntimeView
}

/** A request that cannot be met; answered with `status` and the message as plain text. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function findPod({ pods }: TargetDeps, namespace: string, name: string): Pod {
  const pod = pods.get(objectKey(namespace, name))
  if (pod === undefined) throw new RequestFailed(404, `pod ${JSON.stringify(name)} not found`)
  return pod
}

export function findSpec(pod: Pod, name: string): ContainerSpec {
  const spec = findContainer(pod, name)?.spec
  if (spec !== undefined) return spec
  const podName = JSON.stringify(pod.metadata.name)
  throw new RequestFailed(404, `container ${JSON.stringify(name)} not found in pod ${podName}`)
}

/** The container as it runs now. */
export async function runningContainer({ view }: TargetDeps, pod: Pod, name: string): Promise<Container> {
  const observed = await view.observe(pod.metadata.uid)
  const run = runsOf(observed, name).find(({ state }) => state === 'running')
  if (run === undefined) throw new RequestFailed(404, `container not found (${JSON.stringify(name)})`)
  return run
}

export async function readySandbox({ view }: TargetDeps, pod: Pod): Promise<PodSandbox> {
  const sandbox = currentSandbox(await view.observe(pod.metadata.uid))
  if (sandbox !== undefined) return sandbox
  throw new RequestFailed(404, `sandbox of pod ${JSON.stringify(pod.metadata.name)} not found`)
}

/** The run whose log is meant: the newest that was started, or with `previous` the one before. */
export async function loggedRun(deps: TargetDeps, pod: Pod, name: string, previous: boolean): Promise<Container> {
  const runs = runsOf(await deps.view.observe(pod.metadata.uid), name).filter(({ state }) => state !== 'created')
  const run = runs[previous ? 1 : 0]
  if (run !== undefined) return run
  const podName = JSON.stringify(pod.metadata.name)
  if (previous) {
    throw new RequestFailed(400, `previous terminated container ${JSON.stringify(name)} in pod ${podName} not found`)
  }
  const why = waitingReason(pod, name)
  throw new RequestFailed(400, `container ${JSON.stringify(name)} in pod ${podName} is waiting to start: ${why}`)
}

function waitingReason({ status }: Pod, name: string): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = all.find((container) => container.name === name)?.state?.waiting
  return waiting?.message ?? waiting?.reason ?? 'ContainerCreating'
}
