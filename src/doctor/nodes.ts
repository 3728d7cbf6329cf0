import type { Node } from '../api/kinds/node.ts'

export function isReadyNode(node: Node): boolean {
  return readyCondition(node)?.status === 'True'
}

export function readyCondition({ status }: Node) {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}
