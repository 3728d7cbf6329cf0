import { isStatus } from '../api/errors.ts'
import { Leases } from '../api/kinds/lease.ts'
import type { Node } from '../api/kinds/node.ts'
import { rfc3339Micro } from '../base/rfc3339.ts'
import type { Client } from '../client/client.ts'

const namespace = 'kube-node-lease'
const leaseDurationSeconds = 40

/**
 * Says that the node lives, in a Lease of its name
 * (https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats).
 */
export async function renewLease(client: Client, node: Node, now: Date, signal: AbortSignal): Promise<void> {
  const { name } = node.metadata
  const spec = { holderIdentity: name, leaseDurationSeconds, renewTime: rfc3339Micro(now) }
  try {
    await client.patch(Leases, { namespace, name }, { type: 'merge', body: { spec } }, { signal })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }
    await client.create(Leases, { metadata: { namespace, name, ownerReferences: [owner] }, spec }, { signal })
  }
}
