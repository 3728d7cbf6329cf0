import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { NodeLayout } from './layout.ts'
import { type NodeSettings, readNodeSettingsData } from './node-settings.ts'
import { UserError } from './user-error.ts'

/** What a machine that has joined keeps of it, so that its agent starts again without asking. */
export interface JoinedNode {
  readonly name: string
  /** In the node network. */
  readonly address: string
  /** `https://192.168.99.1:6443` */
  readonly server: string
  /** As the API tells it, by the keys of `nodeSettingsKeys`. */
  readonly network: Readonly<Record<string, string>>
}

/** Where such a node keeps everything: what lasts in its state folder, what lives with the processes under /run. */
export interface JoinedLayout {
  readonly state: string
  readonly file: string
  readonly pki: string
  readonly cgroup: string
  /** Of the agent, its containerd and the shims. */
  readonly systemCgroup: string
  readonly podsCgroup: string
  /** Of the pods' network, unique on the machine. */
  readonly networkName: string
  readonly paths: NodeLayout
}

/** `state` is absolute. Nodes of several clusters may have one name: the folder tells them apart on the machine. */
export function joinedLayout(state: string, name: string): JoinedLayout {
  // Short, because the path of a socket is.
  const id = `${name.slice(0, 40)}-${createHash('sha256').update(`${state}\0${name}`).digest('hex').slice(0, 8)}`
  const run = join('/run/portolan-agent', id)
  const cgroup = `/portolan-agent/${id}`
  return {
    state,
    file: join(state, 'node.json'),
    pki: join(state, 'pki'),
    cgroup,
    systemCgroup: `${cgroup}/system`,
    podsCgroup: `${cgroup}/pods`,
    networkName: `portolan-agent-${id}`,
    paths: {
      state,
      run,
      containerdRoot: join(state, 'containerd'),
      containerdState: join(run, 'containerd'),
      containerdSocket: join(run, 'containerd.sock'),
      containerdLog: join(state, 'containerd.log'),
      cniConf: join(run, 'cni'),
      cniState: join(run, 'cni-state'),
      pods: join(state, 'pods'),
    },
  }
}

/** Undefined if nothing has joined from there. Rejects with `UserError` if the file is broken. */
export async function readJoinedNode(file: string): Promise<JoinedNode | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const node = parsed(text)
  if (node !== undefined) return node
  throw new UserError(`${file} does not describe a node: take it away, and join again with a token`)
}

function parsed(text: string): JoinedNode | undefined {
  try {
    const found = Object(JSON.parse(text)) as Partial<JoinedNode>
    const { name, address, server, network } = found
    const isWhole = [name, address, server].every((each) => typeof each === 'string') && typeof network === 'object' && network !== null
    return isWhole ? (found as JoinedNode) : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

/** Whole or not at all. */
export async function writeJoinedNode(file: string, node: JoinedNode): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify(node, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}

/** `home` holds what all nodes of the machine share. Throws `UserError` for settings of another version. */
export function joinedNodeSettings(home: string, layout: JoinedLayout, node: JoinedNode): NodeSettings {
  const { name, address, server, network } = node
  const { networkName, podsCgroup, paths } = layout
  return {
    ...readNodeSettingsData(network),
    name,
    address,
    server,
    networkName,
    podsCgroup,
    paths,
    images: join(home, 'images'),
    registries: join(home, 'registries'),
    seedRun: join(paths.run, 'seed'),
  }
}
