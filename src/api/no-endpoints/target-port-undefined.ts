import type { Pod } from '../kinds/pod.ts'
import type { Service, ServicePort } from '../kinds/service.ts'
import type { Rule } from './reason.ts'
import { candidates, portsOf, targetPortOf } from './backing-pods.ts'
import { listed } from './wording.ts'

/** A target port is a name that no selected pod gives to a port, or only to one of another protocol. */
export const targetPortUndefined: Rule = ({ service, selected }) => {
  const pods = candidates(selected)
  if (pods.length === 0) return undefined
  const missing = undefinedPort(service, pods)
  if (missing === undefined) return undefined
  const { targetPort = '', protocol = 'TCP', port } = missing
  const asked = `Port ${port} leads to the target port ${JSON.stringify(targetPort)} over ${protocol}`
  const message = `${asked}, which no container of the selected pods names. ${definedPorts(pods)}`
  return { reason: 'TargetPortNotDefined', message }
}

/** The first port of the Service whose target none of the pods has. */
export function undefinedPort({ spec }: Service, pods: readonly Pod[]): ServicePort | undefined {
  return (spec.ports ?? []).find((port) => pods.every((pod) => targetPortOf(pod, port) === undefined))
}

function definedPorts(pods: readonly Pod[]): string {
  const ports = pods.flatMap(portsOf).map(({ name = '', containerPort, protocol = 'TCP' }) => {
    return `${name === '' ? 'a port without name' : name} (${containerPort} ${protocol})`
  })
  return ports.length === 0 ? 'They declare no ports' : `They declare ${listed([...new Set(ports)])}`
}
