import { Command } from 'commander'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { namespaceNames } from '../cluster/network.ts'
import { type CliContext, type ClusterOption, existingCluster } from './context.ts'
import { runInside } from './run-inside.ts'

export function clientCommand(context: CliContext): Command {
  return new Command('client')
    .description('run a command as an external client, outside the nodes: portolan client -- curl …')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .argument('<command...>', 'the command and its arguments, after --')
    .action(async (command: string[], options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      await runInside(layout, context.namespaces.path(namespaceNames(config.name).outside), command)
    })
}
