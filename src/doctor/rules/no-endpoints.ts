import { portsOf } from '../../api/no-endpoints/backing-pods.ts'
import { nearestLabels, undefinedPort, whyNoEndpoints, type Reason } from '../../api/no-endpoints/index.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { count } from '../../api/no-endpoints/wording.ts'
import { formatLabels } from '../../api/selectors.ts'
import { inNamespace, patchCommand, withPort } from '../commands.ts'
import type { ServiceFacts } from '../facts.ts'
import type { Rule } from './rule.ts'

/** A Service with a selector has no ready endpoint: the same reasons as its Events tell, with what to do. */
export const noEndpoints: Rule = (facts) => {
  const { service, selected, cluster } = facts
  const reason = whyNoEndpoints({
    service,
    selected,
    podsIn: (namespace) => cluster.pods.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    node: (name) => cluster.nodes.find(({ metadata }) => metadata.name === name),
  })
  if (reason === undefined) return []
  const evidence = [
    `selector ${formatLabels(service.spec.selector)} matches ${count(selected.length, 'pod')}`,
    ...selected.slice(0, 3).map(stateOf),
    ...lastProbeOutputs(facts),
  ]
  return [{ reason: reason.reason, cause: reason.message, evidence, ...remedy(reason, facts) }]
}

function stateOf({ metadata, spec, status }: Pod): string {
  const states = (status?.containerStatuses ?? []).map(({ name, state, restartCount }) => {
    const word = state?.waiting?.reason ?? state?.terminated?.reason ?? (state?.running === undefined ? 'unknown' : 'running')
    return `${name} ${word}, ${restartCount} restarts`
  })
  return `pod ${metadata.name} on ${spec.nodeName ?? 'no node'}: ${status?.phase ?? 'unknown'}${states.length === 0 ? '' : ` (${states.join('; ')})`}`
}

/** What kubelets say of probes that fail: the newest for each pod. */
function lastProbeOutputs({ selected, cluster }: ServiceFacts): readonly string[] {
  return selected.slice(0, 3).flatMap(({ metadata }) => {
    const told = cluster.events
      .filter(({ reason, involvedObject }) => reason === 'Unhealthy' && involvedObject.uid === metadata.uid)
      .sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? -1 : 1))
    const message = told.at(-1)?.message
    return message === undefined ? [] : [`pod ${metadata.name}: ${message.trim()}`]
  })
}

function remedy({ reason }: Reason, { service, selected, cluster }: ServiceFacts): { fix: string; command: string } {
  const where = inNamespace(service)
  const pod = selected.find(({ status }) => !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
  const describe = `kubectl describe pod ${pod?.metadata.name ?? selected[0]?.metadata.name ?? ''}${where}`
  switch (reason) {
    case 'SelectorMatchesNoPods':
      return selectorRemedy({ service, cluster })
    case 'TargetPortNotDefined':
      return targetPortRemedy({ service, selected })
    case 'PodsUnscheduled':
      return { fix: 'make room on a node, or ask for what nodes have', command: describe }
    case 'NodesNotReady': {
      const node = pod?.spec.nodeName ?? 'NODE'
      return { fix: 'bring the node back', command: `./portolan node start ${node}` }
    }
    case 'ContainersCrash':
      return { fix: 'look at what the container said before it ended', command: `kubectl logs ${pod?.metadata.name ?? ''}${where} --previous` }
    case 'ImageNotPulled':
      return { fix: 'correct the name of the image, or load it into the cluster', command: describe }
    case 'PodsCompleted':
      return { fix: 'run pods that go on: under a Deployment, with a program that does not end', command: describe }
    case 'PodsTerminating':
      return { fix: 'wait for new pods, or find out who deletes them', command: describe }
    default:
      return { fix: 'see what the pod waits for', command: describe }
  }
}

function targetPortRemedy({ service, selected }: Pick<ServiceFacts, 'service' | 'selected'>) {
  const missing = undefinedPort(service, selected)
  const declared = selected.flatMap(portsOf).filter(({ protocol = 'TCP' }) => protocol === (missing?.protocol ?? 'TCP'))
  const [only, ...others] = [...new Set(declared.map(({ containerPort }) => containerPort))]
  if (missing === undefined || only === undefined || others.length > 0) {
    const command = `kubectl edit service ${service.metadata.name}${inNamespace(service)}`
    return { fix: 'give the number of the port that the program listens on, or a name that a container declares, as targetPort', command }
  }
  const patch = withPort(service.spec.ports ?? [], missing, { targetPort: only })
  return { fix: `give ${only}, the one port that the pods declare, as targetPort`, command: patchCommand('service', service, patch) }
}

function selectorRemedy({ service, cluster }: Pick<ServiceFacts, 'service' | 'cluster'>) {
  const { selector = {} } = service.spec
  const near = nearestLabels(selector, cluster.pods.filter(({ metadata }) => metadata.namespace === service.metadata.namespace))
  if (near?.isMisprint !== true) {
    const fix = `create pods with the labels ${formatLabels(selector)}, or give the Service the labels of its pods as selector`
    return { fix, command: 'kubectl get pods -A --show-labels' }
  }
  const dropped = Object.keys(selector).filter((key) => !(key in near.labels)).map((key) => [key, null])
  const patch = { spec: { selector: { ...Object.fromEntries(dropped), ...near.labels } } }
  return { fix: `select what pod ${near.pod} has`, command: patchCommand('service', service, patch) }
}
