import { Command } from 'commander'
import { currentState } from '../cluster/control.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { nodeName } from '../cluster/network.ts'
import { homeOf } from '../cluster/layout.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'

/** What can be done with the images of a node, by the socket of its container runtime. */
export interface ImageStore {
  /** Builds the images that every node starts with, below this home, unless they are there and up to date. */
  build(home: string): Promise<void>
  /** Resolves to the names of the images. Rejects with `UserError` for a file that is no image archive. */
  load(file: string, socket: string): Promise<readonly string[]>
  list(socket: string): Promise<readonly NodeImage[]>
}

export interface NodeImage {
  readonly name: string
  readonly sizeBytes: number
}

interface ImageOptions extends ClusterOption {
  readonly json?: boolean
}

export function imageCommand(context: CliContext): Command {
  const load = new Command('load')
    .description('bring the images of an OCI or docker archive (a tar file) to every node')
    .argument('<file>', 'for instance what `docker save` or `skopeo copy … oci-archive:` writes')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (file: string, options: ImageOptions) => {
      for (const { node, socket } of await runningNodes(context, options)) {
        for (const name of await context.images.load(file, socket)) context.say(`${node}: ${name}`)
      }
    })
  const list = new Command('list')
    .description('the images that every node has')
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('--json', 'print the result as JSON')
    .action(async (options: ImageOptions) => {
      const nodes = []
      for (const { node, socket } of await runningNodes(context, options)) {
        nodes.push({ node, images: await context.images.list(socket) })
      }
      context.print(nodes, options.json === true, nodes.map(inWords).join('\n'))
    })
  const build = new Command('build')
    .description('build the images that nodes start with from programs of this machine, if one of them has changed')
    .action(async () => {
      await context.images.build(homeOf(context.environment))
      context.say('the images are up to date; running nodes take new ones when they are started')
    })
  return new Command('image').description('work with the images of the nodes').addCommand(load).addCommand(list).addCommand(build)
}

async function runningNodes(
  context: CliContext,
  options: ImageOptions,
): Promise<readonly { node: string; socket: string }[]> {
  const { config, layout } = await existingCluster(context, options)
  if ((await currentState(layout.controlSocket)) === undefined) {
    throw new UserError('the cluster does not run: start it with ./portolan up')
  }
  return config.nodes.map((number) => {
    const node = nodeName(number)
    return { node, socket: layout.node(node).containerdSocket }
  })
}

function inWords({ node, images }: { node: string; images: readonly NodeImage[] }): string {
  const width = Math.max(...images.map(({ name }) => name.length))
  const rows = images.map(({ name, sizeBytes }) => `  ${name.padEnd(width)}  ${(sizeBytes / 1e6).toFixed(1).padStart(7)} MB`)
  return [`${node}:`, ...rows].join('\n')
}
