import { Command } from 'commander'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { namespaceNames, nodeName } from '../cluster/network.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { runInside } from './run-inside.ts'

export function nodeCommand(context: CliContext): Command {
  const exec = new Command('exec')
    .description("run a command in a node's network namespace: portolan node exec node-1 -- curl …")
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .argument('<node>', 'name of the node')
    .argument('<command...>', 'the command and its arguments, after --')
    .action(async (node: string, command: string[], options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      const number = config.nodes.find((candidate) => nodeName(candidate) === node)
      if (number === undefined) {
        throw new UserError(`there is no node ${JSON.stringify(node)}: choose one of ${config.nodes.map(nodeName).join(', ')}`)
      }
      await runInside(layout, context.namespaces.path(namespaceNames(config.name).node(number)), command)
    })
  return new Command('node').description('work with nodes').addCommand(exec)
}
