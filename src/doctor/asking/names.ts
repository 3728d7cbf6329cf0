import { isIP } from 'node:net'
import { asksClusterDns } from '../advice.ts'
import { inNamespace } from '../commands.ts'
import { mostResembling } from '../../base/resemblance.ts'
import type { Finding } from '../finding.ts'
import { farNodes } from '../nodes.ts'
import { partsOf, serviceNamed } from './addressee.ts'
import { describeClient, namespaceOf, type Asking } from './asked.ts'

/** A name that the client cannot resolve, and why. */
export function nameProblems(asking: Asking): readonly Finding[] {
  const { asked: { host }, client, there } = asking
  if (isIP(host) !== 0 || host === 'localhost' || client.kind === 'machine') return []
  const service = serviceNamed(host, namespaceOf(client), there)
  if (service === undefined) return [unknownName(asking)]
  const { name, namespace } = service.metadata
  const clusterIP = service.spec.clusterIP ?? ''
  if (client.kind !== 'pod') {
    return [{
      reason: 'NameOutsidePods',
      cause: `Names of Services are known to pods only: ${describeClient(client)} does not ask cluster DNS, so ${host} does not resolve there`,
      evidence: [`cluster DNS is at ${there.surroundings.dnsServer}, and ${describeClient(client)} has another resolv.conf`],
      fix: client.kind === 'node' ? 'use the address of the Service' : 'use an address that is there for clients outside: of a load balancer, a node port or an Ingress',
      command: client.kind === 'node' ? `${onNode(client.name, asking)}curl http://${clusterIP}:${service.spec.ports?.[0]?.port ?? 80}` : `kubectl get service ${name}${inNamespace(service)} -o wide`,
    }]
  }
  if (asksClusterDns(client.pod.spec)) return []
  const { dnsPolicy = 'ClusterFirst' } = client.pod.spec
  return [{
    reason: 'ClusterDnsNotAsked',
    cause: `${describeClient(client)} does not ask cluster DNS, so ${host} does not resolve there: its dnsPolicy is ${dnsPolicy}${client.pod.spec.hostNetwork === true ? ' on the network of the node' : ''}`,
    evidence: [`dnsPolicy of pod ${client.pod.metadata.name}: ${dnsPolicy}`, `Service ${name} in namespace ${namespace} has the address ${clusterIP}`],
    fix: `create the pod anew with dnsPolicy ${client.pod.spec.hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst'}, which cannot be changed`,
    command: `kubectl exec ${client.pod.metadata.name}${inNamespace(client.pod)} -- cat /etc/resolv.conf`,
  }]
}

/** What goes before a command that is to run on a node; nothing where one has to be on the machine. */
function onNode(name: string, { there }: Asking): string {
  return farNodes(there).includes(name) ? '' : `./portolan node exec ${name} -- `
}

function unknownName(asking: Asking): Finding {
  const { asked: { host }, client, there } = asking
  const { domain, ingressAddress } = there.surroundings
  const own = namespaceOf(client)
  const { name = host, namespace } = partsOf(host, domain)
  const elsewhere = there.services.filter(({ metadata }) => metadata.name === name)
  const [first] = elsewhere
  if (first !== undefined) {
    const right = `${name}.${first.metadata.namespace}`
    return {
      reason: 'NameOfOtherNamespace',
      cause: namespace === undefined
        ? `${host} means the Service in namespace ${own}, where there is none: a Service of another namespace needs that in its name`
        : `There is no Service ${name} in namespace ${namespace}`,
      evidence: elsewhere.slice(0, 3).map(({ metadata }) => `there is Service ${metadata.name} in namespace ${metadata.namespace}`),
      fix: `ask for ${right}`,
      command: `kubectl get services -A --field-selector metadata.name=${name}`,
    }
  }
  const ingress = there.ingresses.find(({ spec }) => spec.rules?.some((rule) => rule.host === host) === true)
  if (ingress !== undefined) {
    return {
      reason: 'IngressHostUnresolved',
      cause: `${host} is a host of Ingress ${ingress.metadata.name}; cluster DNS does not know such names, and no other server was told`,
      evidence: [`Ingresses are reached at ${ingressAddress}`],
      fix: `say the host, or have the name resolve to ${ingressAddress}, as in /etc/hosts`,
      command: `./portolan client -- curl -H 'Host: ${host}' http://${ingressAddress}/`,
    }
  }
  const pod = there.pods.find(({ metadata }) => metadata.name === name)
  if (pod !== undefined) {
    const { podIP = 'ADDRESS' } = pod.status ?? {}
    return {
      reason: 'PodNameAsked',
      cause: `${host} is the name of a pod: pods have no names in DNS, but for those of a headless Service with a hostname`,
      evidence: [`pod ${pod.metadata.name} in namespace ${pod.metadata.namespace} has the address ${podIP}`],
      fix: 'make a Service for the pods and ask for that, since pods come and go',
      command: `kubectl expose pod ${pod.metadata.name}${inNamespace(pod)} --port=PORT`,
    }
  }
  const near = mostResembling(name, there.services.filter(({ metadata }) => metadata.namespace === (namespace ?? own)).map(({ metadata }) => metadata.name))
  return {
    reason: 'NameUnknown',
    cause: `There is no Service ${name} in namespace ${namespace ?? own}${near === undefined ? '' : `: ${near} may be meant`}`,
    evidence: [`Services there: ${there.services.filter(({ metadata }) => metadata.namespace === (namespace ?? own)).map(({ metadata }) => metadata.name).sort().slice(0, 8).join(', ') || 'none'}`],
    fix: near === undefined ? 'ask for a Service that there is' : `ask for ${near}`,
    command: `kubectl get services -n ${namespace ?? own}`,
  }
}
