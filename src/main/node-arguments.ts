import { type NodeSettings, ownNodeSettings } from '../cluster/node-settings.ts'
import { clusterOf } from './program-arguments.ts'

/** Which node a process is, and where its certificates are. */
export interface NodeArguments {
  readonly settings: NodeSettings
  readonly pki: string
  /** Its certificates are renewed, and were not made by the supervisor. */
  readonly hasJoined: boolean
}

/** `HOME CLUSTER NUMBER` from the supervisor, `--joined HOME STATE NAME` from `portolan agent`. */
export async function nodeArguments(args: readonly string[]): Promise<NodeArguments> {
  const [first, home = '', state = '', name = ''] = args
  if (first !== '--joined') return ownNode(args)
  const { joinedLayout, joinedNodeSettings, readJoinedNode } = await import('../cluster/joined-node.ts')
  const layout = joinedLayout(state, name)
  const node = await readJoinedNode(layout.file)
  if (node === undefined) throw new Error(`there is no node at ${layout.file}: 'portolan agent' makes it`)
  return { settings: joinedNodeSettings(home, layout, node), pki: layout.pki, hasJoined: true }
}

async function ownNode(args: readonly string[]): Promise<NodeArguments> {
  const { config, layout, rest } = await clusterOf(args)
  return { settings: ownNodeSettings(config, layout, Number(rest[0])), pki: layout.pki, hasJoined: false }
}
