import type { Node } from '../../api/kinds/node.ts'
import type { Finding } from '../finding.ts'
import { isReadyNode, readyCondition } from '../nodes.ts'

/** Nodes that are not ready, whichever Service is asked about. */
export function nodesNotReady(nodes: readonly Node[]): readonly Finding[] {
  return nodes.filter((node) => !isReadyNode(node)).map((node) => {
    const { name } = node.metadata
    const { reason = 'unknown', message = 'it has never said that it is' } = readyCondition(node) ?? {}
    return {
      reason: 'NodeNotReady',
      cause: `${name} is not ready: its pods get no traffic, and no pod is placed there`,
      evidence: [`condition Ready of ${name}: ${reason}: ${message}`],
      fix: 'start the node, or find out why its agent does not report',
      command: `./portolan node start ${name}`,
    }
  })
}
