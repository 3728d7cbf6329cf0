import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { clusterCgroup } from '../cluster/cgroup-names.ts'
import { connectControl } from '../cluster/control.ts'
import { contextName, defaultCluster, kubeconfigFile, removeContext } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { exclusively } from '../cluster/lock.ts'
import { teardown } from '../cluster/teardown.ts'
import { type CliContext, type ClusterOption, existingCluster, layoutFor } from './context.ts'

export function downCommand(context: CliContext): Command {
  return new Command('down')
    .description('stop a cluster; its objects are kept for the next up')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (options: ClusterOption) => {
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
      const layout = layoutFor(context, options)
      const name = options.name ?? defaultCluster
      await stopCluster(context, name, layout)
      await rm(layout.state, { recursive: true, force: true })
      const file = kubeconfigFile(context.environment)
      await exclusively('kubeconfig', () => removeContext(file, contextName(name)))
      context.say(`cluster ${name} is gone`)
    })
}

/** Asks the supervisor, if there is one, and then sees for itself that nothing is left. */
async function stopCluster(context: CliContext, name: string, layout: Layout): Promise<void> {
  const pids = new Set(await context.cgroups.processes(clusterCgroup(name)))
  const connection = await connectControl(layout.controlSocket)
  if (connection !== undefined) {
    await using open = connection
    open.requestStop()
    // The states end when the supervisor has.
    for await (const { supervisorPid } of open.states()) pids.add(supervisorPid)
  }
  await teardown(name, layout, context)
  await untilCollected(pids)
}

const collectPatienceMs = 2000

/** PID 1 may take its time to collect what has ended, and ps(1) shows it until then. Where it never does, so be it. */
async function untilCollected(pids: ReadonlySet<number>): Promise<void> {
  const deadlineMs = performance.now() + collectPatienceMs
  while ([...pids].some((pid) => existsSync(`/proc/${pid}`)) && performance.now() < deadlineMs) {
    await new Promise((wake) => setTimeout(wake, 10))
  }
}
