import type { V1Probe } from '@kubernetes/client-node'
import type { Wire } from '../object.ts'
import type { Pod } from '../kinds/pod.ts'
import type { Rule } from './reason.ts'
import { candidates, isReady, podCondition } from './backing-pods.ts'
import { count, oneLine } from './wording.ts'

/** The containers run, but are not ready: a readiness probe fails, or a readiness gate is shut. */
export const podsNotReady: Rule = ({ selected }) => {
  const pods = candidates(selected)
  const waiting = pods.filter((pod) => !isReady(pod))
  const told = waiting.find((pod) => unreadyContainer(pod) !== undefined) ?? waiting[0]
  if (told === undefined) return undefined
  const share = `${count(waiting.length, 'pod')} of ${pods.length} selected ${waiting.length === 1 ? 'is' : 'are'} not ready`
  return { reason: 'PodsNotReady', message: `${share}. Pod ${told.metadata.name}: ${whyUnready(told)}` }
}

function whyUnready(pod: Pod): string {
  const container = unreadyContainer(pod)
  if (container !== undefined) {
    const { name, readinessProbe, startupProbe } = container
    const started = pod.status?.containerStatuses?.find((status) => status.name === name)?.started
    if (startupProbe !== undefined && started !== true) return `container ${name} does not pass its startup probe (${probeText(startupProbe)})`
    if (readinessProbe !== undefined) return `container ${name} does not pass its readiness probe (${probeText(readinessProbe)})`
    return `container ${name} is not ready`
  }
  const shut = pod.spec.readinessGates?.find(({ conditionType }) => podCondition(pod, conditionType)?.status !== 'True')
  if (shut !== undefined) return `the condition of its readiness gate ${shut.conditionType} is not True`
  const { message = '', reason = '' } = podCondition(pod, 'Ready') ?? {}
  return oneLine(message) || reason || 'its containers are being created'
}

/** The first container that runs and is not ready. */
export function unreadyContainer({ spec, status }: Pod) {
  const unready = status?.containerStatuses?.find(({ ready, state }) => !ready && state?.running !== undefined)
  return spec.containers.find(({ name }) => name === unready?.name)
}

/** `GET :8080/healthz`, `TCP :8080`, `exec ls /ready`. */
export function probeText({ httpGet, tcpSocket, exec, grpc }: Wire<V1Probe>): string {
  if (httpGet !== undefined) return `GET :${httpGet.port}${httpGet.path ?? '/'}`
  if (tcpSocket !== undefined) return `TCP :${tcpSocket.port}`
  if (grpc !== undefined) return `gRPC :${grpc.port}`
  return `exec ${oneLine((exec?.command ?? []).join(' '))}`
}
