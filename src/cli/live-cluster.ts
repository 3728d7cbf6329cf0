import { styleText } from 'node:util'
import { type Client, ConnectionError } from '../client/client.ts'
import { clientAddress, dnsServiceAddress, nodeAddress } from '../cluster/address-plan.ts'
import { nodePodsCgroup } from '../cluster/cgroup-names.ts'
import { planOf, type ClusterConfig } from '../cluster/config.ts'
import type { Layout } from '../cluster/layout.ts'
import { namespaceNames, nodeName } from '../cluster/network.ts'
import type { ClusterState, ProcessState } from '../cluster/state.ts'
import type { Surroundings } from '../doctor/facts.ts'
import type { Paint } from '../doctor/report.ts'
import { requireRunning, withClient } from './change.ts'
import { type CliContext, UserError } from './context.ts'

/** What the supervisor says of a running cluster. Rejects with `UserError` if it does not run. */
export async function runningState(config: ClusterConfig, layout: Layout): Promise<ClusterState> {
  await using control = await requireRunning(config, layout)
  for await (const state of control.states()) return state
  throw new UserError(`cluster ${config.name} has just ended`)
}

/** Lends a client; an API that cannot be reached is a finding of its own, in one sentence. */
export async function withAnsweringApi<T>(config: ClusterConfig, layout: Layout, use: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await withClient(config, layout, use)
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    throw new UserError(`the API server does not answer (${error.message}): see ./portolan status`)
  }
}

/** Where the cluster is on this machine. */
export function surroundingsOf({ namespaces }: CliContext, config: ClusterConfig, states: readonly ProcessState[]): Surroundings {
  const names = namespaceNames(config.name)
  const plan = planOf(config)
  return {
    nodes: config.nodes.map((number) => ({
      name: nodeName(number),
      address: nodeAddress(plan, number),
      netns: namespaces.path(names.node(number)),
      podsCgroup: nodePodsCgroup(config.name, number),
      isOff: states.some(({ name, state }) => name === nodeName(number) && state === 'stopped'),
    })),
    outside: { netns: namespaces.path(names.outside), address: clientAddress(plan) },
    dnsServer: dnsServiceAddress(plan),
    domain: config.clusterDomain,
  }
}

/** Colours where the output is a terminal that has them. */
export const terminalPaint: Paint = {
  good: (text) => styleText('green', text, { stream: process.stdout }),
  bad: (text) => styleText('red', text, { stream: process.stdout }),
  faint: (text) => styleText('dim', text, { stream: process.stdout }),
}
