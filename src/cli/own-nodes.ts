import { type Node, Nodes } from '../api/kinds/node.ts'
import { type Client, ConnectionError } from '../client/client.ts'
import { AddressPlanError, nodeAddress } from '../cluster/address-plan.ts'
import { type ClusterConfig, planOf } from '../cluster/config.ts'
import { currentState } from '../cluster/control.ts'
import type { Layout } from '../cluster/layout.ts'
import { nodeName } from '../cluster/network.ts'
import { withClient } from './change.ts'
import { UserError } from './context.ts'

/**
 * The number of one of the cluster's own nodes. Rejects with `UserError`, which for a machine that has joined says what to do
 * in place of this command: `instead`.
 */
export async function ownNode(config: ClusterConfig, layout: Layout, name: string, instead: string): Promise<number> {
  const { nodes } = config
  const number = nodes.find((candidate) => nodeName(candidate) === name)
  if (number !== undefined) return number
  const joined = await joinedNode(config, layout, name)
  if (joined !== undefined) throw new UserError(`${name} is another machine, at ${addressOf(joined)}: ${instead}`)
  throw new UserError(`there is no node ${JSON.stringify(name)}: choose one of ${nodes.map(nodeName).join(', ')}`)
}

/** The number of a node that is to be added: the first that is free, unless one is given. Throws `UserError`. */
export function numberToAdd(config: ClusterConfig, present: readonly Node[], given: number | undefined): number {
  if (given === undefined) return firstFree(config, present)
  const holder = holderOf(config, present, given)
  if (holder === undefined) return given
  const { name, address } = holder
  throw new UserError(`${nodeName(given)} would have the address ${address}, which ${name} says it has: choose another number, or have ${name} join with another --node-ip`)
}

/** The cluster says itself if it has no room for it. */
function firstFree(config: ClusterConfig, present: readonly Node[]): number {
  for (let number = 1; ; number += 1) {
    if (!config.nodes.includes(number) && holderOf(config, present, number) === undefined) return number
  }
}

interface Holder {
  readonly name: string
  readonly address: string
}

/**
 * Another node that has the address which the number stands for. A node says itself what addresses it has, so only the one
 * that it is reached at counts: by naming others it could take all that there are.
 */
function holderOf(config: ClusterConfig, present: readonly Node[], number: number): Holder | undefined {
  const address = plannedAddress(config, number)
  const holder = present.find(({ metadata, status }) => metadata.name !== nodeName(number) && internalAddress(status) === address)
  return holder === undefined || address === undefined ? undefined : { name: holder.metadata.name, address }
}

/** Undefined where there is no room for it. */
function plannedAddress(config: ClusterConfig, number: number): string | undefined {
  try {
    return nodeAddress(planOf(config), number)
  } catch (error) {
    if (!(error instanceof AddressPlanError)) throw error
    return undefined
  }
}

/** Undefined if there is none, or nobody can be asked. */
async function joinedNode(config: ClusterConfig, layout: Layout, name: string): Promise<Node | undefined> {
  if ((await currentState(layout.controlSocket)) === undefined) return undefined
  try {
    return await withClient(config, layout, async (client) => (await nodesOf(client)).find(({ metadata }) => metadata.name === name))
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    return undefined
  }
}

export async function nodesOf(client: Client): Promise<readonly Node[]> {
  return (await client.list(Nodes)).items
}

function addressOf({ status }: Node): string {
  return internalAddress(status) ?? 'an address that it has not told'
}

function internalAddress(status: Node['status']): string | undefined {
  return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
}
