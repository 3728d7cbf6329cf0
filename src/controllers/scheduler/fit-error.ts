/** What upstream's plugin for dynamic resources says of every pod that fits nowhere and claims none (v1.34). */
const noClaims = 'no new claims to deallocate'

/**
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`, as upstream's `FitError`. Each of `reasons`
 * is counted; the order is that of the printed texts.
 */
export function countedReasons(nodeCount: number, reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodeCount} nodes are available: ${texts.join(', ')}.`
}

/** `why` is what came of the thought of preemption; undefined if it helps. */
export function fitError(nodeCount: number, reasons: readonly string[], why: string | undefined): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const text = countedReasons(nodeCount, reasons)
  return why === undefined ? text : `${text} ${noClaims}, preemption: ${why}`
}
