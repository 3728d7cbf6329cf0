import type { Pod } from '../../api/kinds/pod.ts'
import type { Service, ServicePort } from '../../api/kinds/service.ts'
import { inNamespace } from '../commands.ts'
import { isHeadless } from '../destinations.ts'
import type { Finding } from '../finding.ts'
import { portsOf, targetPortOf } from '../../api/no-endpoints/backing-pods.ts'
import { selectorFromMap } from '../../api/selectors.ts'
import { addresseeOf, outerAddresses, type Addressee } from './addressee.ts'
import { describeClient, type Asking } from './asked.ts'

/** A port that is not that of the one who is asked. */
export function portProblems(asking: Asking): readonly Finding[] {
  const { asked, client, there } = asking
  if (asked.scheme === 'ping' || client.kind === 'machine') return []
  const addressee = addresseeOf(asked, client, there)
  const elsewhere = nodePortElsewhere(addressee, asking)
  if (elsewhere !== undefined) return [elsewhere]
  switch (addressee.what) {
    case 'service':
      return atService(addressee.service, asking)
    case 'node':
      return atNode(asking)
    case 'pod':
      return atPod(addressee.pod, asking)
    default:
      return []
  }
}

const protocolOf = ({ scheme }: Asking['asked']) => (scheme === 'udp' ? 'UDP' : 'TCP')

/** A node port is that of nodes, and of nobody else. */
function nodePortElsewhere({ what }: Addressee, { asked, there, client }: Asking): Finding | undefined {
  if (what === 'node' || what === 'unknown-name') return undefined
  const service = there.services.find(({ spec }) => spec.ports?.some(({ nodePort }) => nodePort === asked.port) === true)
  if (service === undefined) return undefined
  const nodes = there.surroundings.nodes.map(({ address }) => address)
  return {
    reason: 'NodePortWrongAddress',
    cause: `${asked.port} is the node port of Service ${service.metadata.name}, which is open at the addresses of nodes, and ${asked.host} is none of them`,
    evidence: [`addresses of nodes: ${nodes.join(', ')}`, ...(what === 'loopback' ? [`${asked.host} is ${describeClient(client)} itself`] : [])],
    fix: `ask ${nodes[0] ?? 'a node'}:${asked.port}`,
    command: `./portolan client -- curl http://${nodes[0] ?? 'NODE'}:${asked.port}`,
  }
}

function atService(service: Service, { asked, there }: Asking): readonly Finding[] {
  const { name } = service.metadata
  const { ports = [], type } = service.spec
  if (type === 'ExternalName') return []
  const matching = ports.filter(({ port }) => port === asked.port)
  const pods = podsOf(service, there.pods)
  const mapped = ports.find((port) => port.port !== asked.port && pods.some((pod) => targetPortOf(pod, port) === asked.port))
  const seen = `ports of Service ${name}: ${ports.map((port) => describePort(port, pods)).join(', ')}`
  if (isHeadless(service)) return atHeadless(service, { matching, pods, seen })
  if (matching.some(({ protocol = 'TCP' }) => protocol === protocolOf(asked))) return []
  const [other] = matching
  if (other !== undefined) {
    return [{
      reason: 'ProtocolNotInService',
      cause: `Service ${name} has port ${asked.port} for ${other.protocol} only, and ${protocolOf(asked)} was asked for`,
      evidence: [seen],
      fix: `ask with ${other.protocol}, or give the Service a port of the other protocol`,
      command: `kubectl edit service ${name}${inNamespace(service)}`,
    }]
  }
  const right = mapped ?? ports[0]
  return [{
    reason: mapped === undefined ? 'PortNotInService' : 'TargetPortAsked',
    cause: mapped === undefined
      ? `Service ${name} has no port ${asked.port}: connections to it are refused`
      : `${asked.port} is the port of the pods; clients connect to port ${mapped.port} of Service ${name}`,
    evidence: [seen],
    fix: `ask for port ${right?.port ?? 'PORT'}`,
    command: `./portolan doctor ${asked.scheme}://${asked.host}:${right?.port ?? 'PORT'}`,
  }]
}

/** Nothing translates the ports of a headless Service: its pods are asked themselves. */
function atHeadless(service: Service, { matching, pods, seen }: { matching: readonly ServicePort[]; pods: readonly Pod[]; seen: string }): readonly Finding[] {
  const [port] = matching
  const target = port === undefined ? undefined : pods.map((pod) => targetPortOf(pod, port)).find((found) => found !== undefined)
  if (port === undefined || target === undefined || target === port.port) return []
  return [{
    reason: 'HeadlessPortAsked',
    cause: `Service ${service.metadata.name} is headless: its name leads to the pods themselves, which listen on ${target} and not on ${port.port}`,
    evidence: ['spec.clusterIP: None', seen],
    fix: `ask for port ${target}`,
    command: `./portolan doctor tcp://${service.metadata.name}.${service.metadata.namespace}:${target}`,
  }]
}

function atNode({ asked, there }: Asking): readonly Finding[] {
  const open = there.services.filter(({ spec }) => spec.ports?.some(({ nodePort }) => nodePort === asked.port) === true)
  if (open.length > 0) return []
  const meant = there.services.find(({ spec }) => spec.ports?.some(({ port, nodePort = 0 }) => port === asked.port && nodePort !== 0) === true)
  const nodePort = meant?.spec.ports?.find(({ port }) => port === asked.port)?.nodePort
  const all = there.services.flatMap(({ metadata, spec }) => (spec.ports ?? []).flatMap((port) => (port.nodePort === undefined ? [] : [`${port.nodePort} (${metadata.name})`])))
  return [{
    reason: 'PortNotOpenAtNode',
    cause: meant === undefined
      ? `No Service has the node port ${asked.port}: at the address of a node there are only node ports`
      : `${asked.port} is the port of Service ${meant.metadata.name} at its own address; at nodes it is ${nodePort}`,
    evidence: [`node ports: ${all.join(', ') || 'none'}`],
    fix: nodePort === undefined ? 'ask for a node port, or give the Service the type NodePort' : `ask for ${asked.host}:${nodePort}`,
    command: 'kubectl get services -A -o wide',
  }]
}

function atPod(pod: Pod, { asked, there }: Asking): readonly Finding[] {
  const services = there.services.filter((service) => podsOf(service, [pod]).length > 0)
  const meant = services.find(({ spec }) => spec.ports?.some((port) => port.port === asked.port && targetPortOf(pod, port) !== asked.port) === true)
  if (meant === undefined) return []
  const outer = [meant.spec.clusterIP ?? '', ...outerAddresses(meant)].filter((address) => address !== '' && address !== 'None')
  return [{
    reason: 'ServicePortAtPod',
    cause: `${asked.port} is a port of Service ${meant.metadata.name}, and ${asked.host} is pod ${pod.metadata.name}, which does not have it`,
    evidence: [`ports that the pod declares: ${portsOf(pod).map(({ containerPort }) => containerPort).join(', ') || 'none'}`, `addresses of the Service: ${outer.join(', ') || 'none'}`],
    fix: `ask the Service: ${meant.metadata.name}.${meant.metadata.namespace}:${asked.port}`,
    command: `./portolan doctor ${asked.scheme}://${meant.metadata.name}.${meant.metadata.namespace}:${asked.port}`,
  }]
}

function podsOf({ metadata, spec }: Service, pods: readonly Pod[]): readonly Pod[] {
  if (Object.keys(spec.selector ?? {}).length === 0) return []
  const selector = selectorFromMap(spec.selector)
  return pods.filter((pod) => pod.metadata.namespace === metadata.namespace && selector.matches(pod.metadata.labels))
}

function describePort(port: ServicePort, pods: readonly Pod[]): string {
  const target = pods.map((pod) => targetPortOf(pod, port)).find((found) => found !== undefined)
  const node = port.nodePort === undefined ? '' : `, at nodes ${port.nodePort}`
  return `${port.port} → ${target ?? port.targetPort ?? port.port} of the pods${node}`
}
