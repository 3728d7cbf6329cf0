import { isStatus } from '../api/errors.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Pods, type Pod } from '../api/kinds/pod.ts'
import { controllerOf } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { UserError } from './context.ts'

const patienceMs = 60_000
const lookEveryMs = 100

/**
 * Has the pods of a node leave in order, so that others take their place and no request is lost; pods of DaemonSets stay
 * to the end. Rejects with `UserError`, naming them, if pods do not leave.
 */
export async function emptyNode(client: Client, name: string): Promise<void> {
  try {
    await client.patch(Nodes, { name }, { type: 'merge', body: { spec: { unschedulable: true } } })
  } catch (error) {
    // One that has never come up has no pods either.
    if (!isStatus(error, 'NotFound')) throw error
    return
  }
  await Promise.all((await leaving(client, name)).map((pod) => deletePod(client, pod)))
  const deadline = performance.now() + patienceMs
  for (;;) {
    const left = await leaving(client, name)
    if (left.length === 0) return
    if (performance.now() > deadline) {
      const pods = left.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ')
      throw new UserError(`${name} still has pods after ${patienceMs / 1000} s (${pods}): give --force to remove it all the same`)
    }
    await new Promise((wake) => setTimeout(wake, lookEveryMs))
  }
}

/** Deletes the Node. Others then delete what was bound to it. */
export async function forgetNode(client: Client, name: string): Promise<void> {
  try {
    await client.delete(Nodes, { name })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}

async function leaving(client: Client, name: string): Promise<readonly Pod[]> {
  const { items } = await client.list(Pods, { fieldSelector: `spec.nodeName=${name}` })
  return items.filter((pod) => controllerOf(pod)?.kind !== 'DaemonSet')
}

async function deletePod(client: Client, { metadata }: Pod): Promise<void> {
  const { namespace, name, uid } = metadata
  try {
    await client.delete(Pods, { namespace, name }, { uid })
  } catch (error) {
    if (!isStatus(error, 'NotFound') && !isStatus(error, 'Conflict')) throw error
  }
}
