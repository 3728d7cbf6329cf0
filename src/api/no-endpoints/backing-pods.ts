import type { Pod } from '../kinds/pod.ts'
import type { Service, ServicePort } from '../kinds/service.ts'

/** An empty selector is none: the owner of the Service names its endpoints by hand. */
export function hasSelector({ spec }: Service): boolean {
  return spec.selector !== undefined && Object.keys(spec.selector).length > 0
}

/**
 * The number that a Service port stands for in one pod; undefined if it is a name that the pod does not have with that
 * protocol. Sidecars, init containers that keep running, count as containers do.
 */
export function targetPortOf(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  return portsOf(pod).find(({ name, protocol = 'TCP' }) => name === target && protocol === (port.protocol ?? 'TCP'))
    ?.containerPort
}

/** All ports that the containers of a pod declare. */
export function portsOf({ spec }: Pod) {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) => ports)
}

/** Whether traffic is sent to the pod: it has an address, is ready and stays, or the Service does not ask for that. */
export function isEndpoint({ spec }: Service, pod: Pod): boolean {
  if (hasEnded(pod) || (pod.status?.podIP ?? '') === '') return false
  return spec.publishNotReadyAddresses === true || (isReady(pod) && !isLeaving(pod))
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

export function podCondition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

export function isLeaving({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined
}

/** Selected pods that have not ended and do not leave: those that could become endpoints. */
export function candidates(selected: readonly Pod[]): readonly Pod[] {
  return selected.filter((pod) => !hasEnded(pod) && !isLeaving(pod))
}
