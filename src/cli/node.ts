import { Command } from 'commander'
import { currentState } from '../cluster/control.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { namespaceNames, nodeName } from '../cluster/network.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { change, requireRunning, withClient } from './change.ts'
import { emptyNode, forgetNode } from './empty-node.ts'
import { withAnsweringApi } from './live-cluster.ts'
import { nodeTokenCommand } from './node-token.ts'
import { nodesOf, numberToAdd, ownNode } from './own-nodes.ts'
import { runInside } from './run-inside.ts'

export function nodeCommand(context: CliContext): Command {
  const commands = [execCommand, addCommand, removeCommand, stopCommand, startCommand, nodeTokenCommand]
  const node = new Command('node').description('work with nodes')
  for (const command of commands) node.addCommand(command(context))
  return node
}

function execCommand(context: CliContext): Command {
  return subcommand('exec', "run a command in a node's network namespace: portolan node exec node-1 -- curl …")
    .argument('<node>', 'name of the node')
    .argument('<command...>', 'the command and its arguments, after --')
    .action(async (node: string, command: string[], options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      const number = await ownNode(config, layout, node, 'run the command there')
      const running = await currentState(layout.controlSocket)
      if (running?.processes.some(({ name, state }) => name === node && state === 'stopped') === true) {
        throw new UserError(`${node} is off: start it with ./portolan node start ${node}`)
      }
      await runInside(layout, context.namespaces.path(namespaceNames(config.name).node(number)), command)
    })
}

function addCommand(context: CliContext): Command {
  return subcommand('add', 'add a node to a running cluster, and return when it is ready')
    .argument('[node]', 'its name, node-N; the first that is free unless given')
    .action(async (node: string | undefined, options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      const given = node === undefined ? undefined : numberOf(node)
      await (await requireRunning(config, layout))[Symbol.asyncDispose]()
      const number = await withAnsweringApi(config, layout, async (client) => numberToAdd(config, await nodesOf(client), given))
      await change(config, layout, { action: 'add', node: number })
      context.say(`${nodeName(number)} is ready`)
    })
}

function removeCommand(context: CliContext): Command {
  return subcommand('remove', 'have the pods of a node go elsewhere, and remove the node')
    .argument('<node>', 'name of the node')
    .option('--force', 'do not wait for its pods')
    .action(async (node: string, options: ClusterOption & { readonly force?: boolean }) => {
      const { config, layout } = await existingCluster(context, options)
      const instead = `kubectl drain ${node} --ignore-daemonsets, ./portolan agent --cleanup --node ${node} there, and kubectl delete node ${node}`
      const number = await ownNode(config, layout, node, instead)
      if (config.nodes.length === 1) {
        throw new UserError(`${node} is the only node: wipe the cluster with ./portolan delete`)
      }
      await (await requireRunning(config, layout))[Symbol.asyncDispose]()
      await withClient(config, layout, async (client) => {
        if (options.force !== true) await emptyNode(client, node)
        await change(config, layout, { action: 'remove', node: number })
        await forgetNode(client, node)
      })
      context.say(`${node} is gone`)
    })
}

function stopCommand(context: CliContext): Command {
  return subcommand('stop', 'cut the power of a node: what runs in it is killed, its disk stays')
    .argument('<node>', 'name of the node')
    .action(async (node: string, options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      await change(config, layout, { action: 'stop', node: await ownNode(config, layout, node, 'end its agent there') })
      context.say(`${node} is off; ./portolan node start ${node} brings it back`)
    })
}

function startCommand(context: CliContext): Command {
  return subcommand('start', 'start a node that was stopped, and return when it is ready')
    .argument('<node>', 'name of the node')
    .action(async (node: string, options: ClusterOption) => {
      const { config, layout } = await existingCluster(context, options)
      await change(config, layout, { action: 'start', node: await ownNode(config, layout, node, 'start its agent there, with ./portolan agent') })
      context.say(`${node} is ready`)
    })
}

function subcommand(name: string, description: string): Command {
  return new Command(name).description(description).option('--name <name>', 'name of the cluster', defaultCluster)
}

function numberOf(name: string): number {
  const [, digits] = /^node-([1-9]\d{0,3})$/.exec(name) ?? []
  if (digits !== undefined) return Number(digits)
  throw new UserError(`${JSON.stringify(name)} cannot be the name of a node: give node-N, such as node-2`)
}
