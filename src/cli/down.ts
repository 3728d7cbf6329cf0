import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { connectControl } from '../cluster/control.ts'
import { contextName, defaultCluster, kubeconfigFile, removeContext } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { teardown } from '../cluster/teardown.ts'
import { type CliContext, type ClusterOption, existingCluster, layoutFor } from './context.ts'
import { requireRootOnLinux } from './requirements.ts'

export function downCommand(context: CliContext): Command {
  return new Command('down')
    .description('stop a cluster; its objects are kept for the next up')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (options: ClusterOption) => {
      requireRootOnLinux(process.platform, process.getuid?.())
      const { config, layout } = await existingCluster(context, options)
      await stopCluster(context, config.name, layout)
      context.say(`cluster ${config.name} is down; ./portolan up brings it back`)
    })
}

export function deleteCommand(context: CliContext): Command {
  return new Command('delete')
    .description('stop a cluster and wipe its state')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (options: ClusterOption) => {
      requireRootOnLinux(process.platform, process.getuid?.())
      const layout = layoutFor(context, options)
      const name = options.name ?? defaultCluster
      await stopCluster(context, name, layout)
      await rm(layout.state, { recursive: true, force: true })
      await removeContext(kubeconfigFile(context.environment), contextName(name))
      context.say(`cluster ${name} is gone`)
    })
}

/** Asks the supervisor, if there is one, and then sees for itself that nothing is left. */
async function stopCluster(context: CliContext, name: string, layout: Layout): Promise<void> {
  const connection = await connectControl(layout.controlSocket)
  if (connection !== undefined) {
    await using open = connection
    open.requestStop()
    // The states end when the supervisor has.
    for await (const state of open.states()) if (state.phase === 'stopping') continue
  }
  await teardown(name, layout, context)
}
