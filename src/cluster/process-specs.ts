import { join } from 'node:path'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Namespaces } from '../kernel/namespaces.ts'
import { listenOnHost } from '../kernel/sockets.ts'
import { nodeSystemCgroup, systemCgroup } from './cgroup-names.ts'
import type { ClusterConfig } from './config.ts'
import type { Layout } from './layout.ts'
import { namespaceNames, nodeName } from './network.ts'
import type { Handover, ProcessSpec } from './supervised-process.ts'

export interface ProgramDeps {
  readonly namespaces: Namespaces
  readonly cgroups: Cgroups
  /** The command that runs one of our programs (`server`, `agent`, `edge`), without its arguments. */
  program(name: string): readonly [string, ...string[]]
}

interface Place {
  readonly name: string
  readonly netns: string
  readonly cgroup: string
}

/** How the processes of one cluster are run. */
export interface ProcessSpecs {
  /** All of a configuration, in the order in which they are started. `published` opens the ports of the edge. */
  of(config: ClusterConfig, published: () => Promise<readonly Handover[]>): readonly ProcessSpec[]
  agent(node: number): ProcessSpec
}

export function processSpecs(cluster: string, layout: Layout, deps: ProgramDeps): ProcessSpecs {
  const names = namespaceNames(cluster)
  const system = systemCgroup(cluster)

  function agent(node: number): ProcessSpec {
    const place = { name: nodeName(node), netns: names.node(node), cgroup: nodeSystemCgroup(cluster, node) }
    return spec(place, 'agent', String(node))
  }

  function spec({ name, netns, cgroup }: Place, program: string, ...args: string[]): ProcessSpec {
    const command = [...deps.program(program), layout.home, cluster, ...args] as [string, ...string[]]
    return {
      name,
      netns: deps.namespaces.path(netns),
      // Whatever a process starts is in its group, so that it is found however that process ended.
      command: deps.cgroups.inside(cgroup, command),
      prepare: () => deps.cgroups.create(cgroup),
      logFile: join(layout.logs, `${name}.log`),
    }
  }

  return {
    agent,
    of({ apiPort, nodes }, published) {
      const server = spec({ name: 'server', netns: names.edge, cgroup: system }, 'server')
      return [
        { ...server, sockets: async () => [{ message: { listener: 'api' }, socket: await listenOnHost('127.0.0.1', apiPort) }] },
        ...nodes.map(agent),
        { ...spec({ name: 'edge', netns: names.edge, cgroup: system }, 'edge'), sockets: published },
      ]
    },
  }
}
