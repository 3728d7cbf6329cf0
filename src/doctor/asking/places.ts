import type { Service } from '../../api/kinds/service.ts'
import { inNamespace, patchCommand } from '../commands.ts'
import type { Finding } from '../finding.ts'
import { addresseeOf, outerAddresses } from './addressee.ts'
import { describeClient, type Asking } from './asked.ts'

/** An address that is not there for the client, or not for a ping. */
export function placeProblems(asking: Asking): readonly Finding[] {
  const { asked, client, there } = asking
  const addressee = addresseeOf(asked, client, there)
  if (client.kind === 'machine') return [onlyPublished(asking)]
  if (addressee.what === 'service' && asked.scheme === 'ping') return [pinged(addressee.service, asking)]
  if (addressee.what === 'service' && client.kind === 'outside' && addressee.by !== 'outer-address') return [fromOutside(addressee.service, asking)]
  return []
}

function pinged({ metadata, spec }: Service, { asked }: Asking): Finding {
  const { name } = metadata
  const [{ port = 80 } = {}] = spec.ports ?? []
  return {
    reason: 'ServicePinged',
    cause: `The address of a Service answers no ping: it is no machine's, only connections to the Service's ports are led on`,
    evidence: [`${asked.host} is Service ${name}, whose ports are ${(spec.ports ?? []).map((each) => each.port).join(', ')}`],
    fix: 'connect to a port of the Service instead',
    command: `./portolan doctor tcp://${name}:${port}${inNamespace({ metadata })}`,
  }
}

function fromOutside(service: Service, { asked, client }: Asking): Finding {
  const { name } = service.metadata
  const { type = 'ClusterIP', clusterIP = '' } = service.spec
  const outer = outerAddresses(service)
  return {
    reason: 'ClusterIPFromOutside',
    cause: `${clusterIP} is the address of Service ${name} inside of the cluster: clients from ${describeClient(client)} do not reach it`,
    evidence: [`type of Service ${name}: ${type}`, ...(outer.length === 0 ? [] : [`for clients outside it has ${outer.join(', ')}`])],
    fix: outer.length > 0 ? `ask ${outer[0]}:${asked.port}` : 'give it an address or a port for clients outside: type LoadBalancer or NodePort, or an Ingress',
    command: outer.length > 0 ? `./portolan client -- curl http://${outer[0]}:${asked.port}` : patchCommand('service', service, { spec: { type: type === 'NodePort' ? 'LoadBalancer' : 'NodePort' } }),
  }
}

/** The machine has no way into the cluster but for what is published. */
function onlyPublished(asking: Asking): Finding {
  const { asked, client, there } = asking
  const addressee = addresseeOf(asked, client, there)
  const service = addressee.what === 'service' ? addressee.service : there.services.find(({ spec }) => spec.ports?.some(({ port, nodePort }) => port === asked.port || nodePort === asked.port) === true)
  const name = service?.metadata.name ?? 'NAME'
  return {
    reason: 'OnlyPublishedHere',
    cause: `The cluster has a network of its own, into which this machine has no way: here there are only ports that were published at 127.0.0.1`,
    evidence: [`${asked.host} is an address or a name of the cluster's own network`],
    fix: 'publish the Service, or be a client outside of the nodes: ./portolan client -- CMD',
    command: `./portolan publish service/${name}${service === undefined ? '' : inNamespace(service)} ${asked.port < 1024 ? asked.port + 8000 : asked.port}`,
  }
}
