import { Command } from 'commander'
import { nodeAddress } from '../cluster/address-plan.ts'
import { planOf } from '../cluster/config.ts'
import { currentState } from '../cluster/control.ts'
import { contextName, defaultCluster, kubeconfigFile } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { nodeName } from '../cluster/network.ts'
import { publishedInWords, type PublishedPort } from '../cluster/published-port.ts'
import { type ClusterState, endInWords, type ProcessState } from '../cluster/state.ts'
import { type CliContext, type ClusterOption, existingCluster } from './context.ts'
import { describeEgress, type EgressDescription, egressInWords } from './egress.ts'

/** What `up --json` and `status --json` print. */
export interface ClusterDescription {
  readonly name: string
  readonly phase: ClusterState['phase'] | 'stopped'
  readonly api: string
  readonly context: string
  readonly kubeconfig: string
  readonly home: string
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly egress: EgressDescription
  readonly published: readonly PublishedPort[]
  readonly supervisorPid: number
  readonly processes: readonly ProcessState[]
  readonly timeline: ClusterState['timeline']
}

export function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('what runs and where')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('--json', 'print the result as JSON')
    .action(async (options: ClusterOption & { json?: boolean }) => {
      const { config, layout } = await existingCluster(context, options)
      const state = await currentState(layout.controlSocket)
      const description: ClusterDescription =
        state === undefined
          ? { ...describeCluster(context, layout, { ...stopped, config }), phase: 'stopped' }
          : describeCluster(context, layout, state)
      context.print(description, options.json === true, inWords(description))
    })
}

const stopped = { phase: 'stopping', message: '', supervisorPid: 0, processes: [], timeline: [] } as const

export function describeCluster({ environment }: CliContext, layout: Layout, state: ClusterState): ClusterDescription {
  const { config } = state
  const plan = planOf(config)
  return {
    name: config.name,
    phase: state.phase,
    api: `https://127.0.0.1:${config.apiPort}`,
    context: contextName(config.name),
    kubeconfig: kubeconfigFile(environment),
    home: layout.state,
    nodes: config.nodes.map((number) => ({ name: nodeName(number), address: nodeAddress(plan, number) })),
    egress: describeEgress(layout, state),
    published: config.published ?? [],
    supervisorPid: state.supervisorPid,
    processes: state.processes,
    timeline: state.timeline,
  }
}

function inWords({ name, phase, api, processes, egress, published }: ClusterDescription): string {
  const rows = processes.map(
    ({ name: process, state, pid = '-', restarts, lastEnd }) =>
      `  ${process.padEnd(10)}${state.padEnd(12)}pid ${pid}, ${restarts} restarts${lastEnd === undefined ? '' : `, ended last ${endInWords(lastEnd)}`}`,
  )
  const ports = published.map((port) => `  ${publishedInWords(port)}`)
  return [`cluster ${name}: ${phase}${phase === 'ready' ? `, API at ${api}` : ''}`, ...rows, `  egress: ${egressInWords(egress)}`, ...ports].join('\n')
}
