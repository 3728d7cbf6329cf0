import { qosClassOf } from '../../api/kinds/pod-spec/qos.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import type { NodePlace } from '../facts.ts'

/** A process in the network namespace of a pod. Undefined if the pod runs nothing, or not on this machine. */
export async function processOf(pod: Pod, nodes: readonly NodePlace[], cgroups: Cgroups): Promise<number | undefined> {
  const [first] = await processesOf(pod, nodes, cgroups)
  return first
}

/** All processes of a pod, found by its control group, `<qos>/pod<uid>` under that of the node's pods. */
export async function processesOf(pod: Pod, nodes: readonly NodePlace[], cgroups: Cgroups): Promise<readonly number[]> {
  const node = nodes.find(({ name }) => name === pod.spec.nodeName)
  if (node === undefined) return []
  return cgroups.processes(`${node.podsCgroup}/${qosClassOf(pod.spec).toLowerCase()}/pod${pod.metadata.uid}`)
}
