import type { Node } from '../../api/kinds/node.ts'
import type { ClusterFacts } from '../facts.ts'
import type { Finding } from '../finding.ts'
import { isOff, nodesAtWork, readyCondition } from '../nodes.ts'

/** Nodes that are off or not ready, whichever Service is asked about. */
export function nodesNotReady(cluster: Pick<ClusterFacts, 'nodes' | 'surroundings'>): readonly Finding[] {
  const atWork = nodesAtWork(cluster)
  return cluster.nodes.filter((node) => !atWork.includes(node)).map((node) => {
    const { name } = node.metadata
    const state = isOff(node, cluster.surroundings) ? 'off' : 'not ready'
    return {
      reason: 'NodeNotReady',
      cause: `${name} is ${state}: its pods get no traffic, and no pod is placed there`,
      evidence: [state === 'off' ? `./portolan status: ${name} is stopped` : conditionText(node)],
      fix: 'start the node, or find out why its agent does not report',
      command: `./portolan node start ${name}`,
    }
  })
}

function conditionText(node: Node): string {
  const { reason = 'unknown', message = 'it has never said that it is' } = readyCondition(node) ?? {}
  return `condition Ready of ${node.metadata.name}: ${reason}: ${message}`
}
