/** What becomes of a Service's fields when it is changed, as pkg/registry/core/service/strategy.go has it. */
import { semanticallyEqual } from '../../equality.ts'
import {
  isExternallyAccessible,
  isExternalName,
  isLoadBalancer,
  needsHealthCheckPort,
  needsNodePorts,
  type Port,
  type Spec,
} from './types.ts'

/**
 * Carries over addresses and ports that were drawn for the Service and that its writer left out: a manifest without
 * them can be written again. Both specs have their defaults, except for `clusterIPs` of `next`.
 */
export function keepAllotted(next: Spec, previous: Spec): void {
  if (!isExternalName(next) && !isExternalName(previous)) keepClusterIPs(next, previous)
  if (needsNodePorts(next) && needsNodePorts(previous)) keepNodePorts(next, previous)
  if (needsHealthCheckPort(next) && needsHealthCheckPort(previous) && (next.healthCheckNodePort ?? 0) === 0) {
    copy('healthCheckNodePort', next, previous)
  }
}

function keepClusterIPs(next: Spec, previous: Spec): void {
  if ((next.clusterIP ?? '') === '') copy('clusterIP', next, previous)
  const isSame = next.clusterIP === previous.clusterIP
  if (isSame && (next.clusterIPs ?? []).length === 0) copy('clusterIPs', next, previous)
}

/** By the ports' names: all else of a port may be new. One that another port of `next` asks for is not reused. */
function keepNodePorts(next: Spec, previous: Spec): void {
  const before = new Map((previous.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]))
  const taken = new Set((next.ports ?? []).map(nodePortKey))
  for (const port of next.ports ?? []) {
    const known = before.get(port.name ?? '') ?? 0
    if ((port.nodePort ?? 0) !== 0 || known === 0 || taken.has(nodePortKey({ ...port, nodePort: known }))) continue
    port.nodePort = known
    taken.add(nodePortKey(port))
  }
}

function nodePortKey({ protocol = 'TCP', nodePort = 0 }: Port): string {
  return `${protocol}/${nodePort}`
}

/** Keeps `clusterIPs` in step when only `clusterIP` was changed. */
export function alignClusterIPs(next: Spec, previous: Spec): void {
  const { clusterIP = '' } = next
  if (clusterIP === (previous.clusterIP ?? '')) return
  if (!semanticallyEqual(next.clusterIPs, previous.clusterIPs)) return
  if (clusterIP === '') delete next.clusterIPs
  else next.clusterIPs = [clusterIP, ...(next.clusterIPs ?? []).slice(1)]
}

/**
 * Removes what the new type has no use for, if its writer just left it as it was: a change of `type` alone is enough.
 * What was changed at the same time stays, for validation to refuse.
 */
export function dropUseless(next: Spec, previous: Spec): void {
  const rules: [boolean, (keyof Spec)[]][] = [
    [isExternalName(next) && !isExternalName(previous), ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']],
    [needsHealthCheckPort(previous) && !needsHealthCheckPort(next), ['healthCheckNodePort']],
    [isLoadBalancer(previous) && !isLoadBalancer(next), ['allocateLoadBalancerNodePorts', 'loadBalancerClass']],
    [isExternallyAccessible(previous) && !isExternallyAccessible(next), ['externalTrafficPolicy']],
  ]
  const dropsNodePorts = needsNodePorts(previous) && !needsNodePorts(next) && sameNodePorts(next, previous)
  for (const field of rules.flatMap(([applies, fields]) => (applies ? fields : []))) {
    if (semanticallyEqual(next[field], previous[field])) delete next[field]
  }
  if (dropsNodePorts) for (const port of next.ports ?? []) delete port.nodePort
}

function sameNodePorts({ ports: next = [] }: Spec, { ports: previous = [] }: Spec): boolean {
  const numbers = (ports: readonly Port[]) => ports.map(({ nodePort = 0 }) => nodePort).filter((port) => port !== 0)
  return semanticallyEqual(numbers(next).sort(), numbers(previous).sort())
}

function copy<Field extends keyof Spec>(field: Field, next: Spec, previous: Spec): void {
  const value = previous[field]
  if (value !== undefined) next[field] = value
}
