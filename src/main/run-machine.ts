import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import type { NodeMachine } from '../cli/agent.ts'
import { type JoinedLayout, joinedLayout, readJoinedNode } from '../cluster/joined-node.ts'
import { nodeSysctls } from '../cluster/network-description.ts'
import { readNodeSettingsData } from '../cluster/node-settings.ts'
import { routeProtocol } from '../dataplane/routes/routes-controller.ts'
import type { Processes } from '../kernel/processes.ts'
import { setSysctl } from '../kernel/sysctl.ts'
import { removeLeftovers } from '../node/containerd/leftovers.ts'
import type { AgentRunnerDeps } from './agent-command.ts'
import { endOfProcess } from './program-arguments.ts'
import { proxyRunner } from './proxy-runner.ts'

/** Resolves to the agent's exit code. Its pods go on, for the next one to find. */
export async function runMachine({ node, state, home }: NodeMachine, deps: AgentRunnerDeps): Promise<number> {
  const { processes, cgroups, program, say } = deps
  const layout = joinedLayout(state, node)
  await prepareNetwork(layout, processes)
  await cgroups.create(layout.systemCgroup)
  const [command, ...args] = cgroups.inside(layout.systemCgroup, [...program('agent'), '--joined', home, state, node])
  const end = endOfProcess()
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.on('message', (message) => {
    if (message === 'ready') say(`${node} is ready`)
  })
  end.addEventListener('abort', () => child.kill('SIGTERM'))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (code === 0) say(`the agent has ended, its pods go on; ./portolan agent --cleanup --node ${node} ends them too`)
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

/** What the supervisor does for the cluster's own nodes: this namespace is a router, and has the address of cluster DNS. */
async function prepareNetwork({ file }: JoinedLayout, processes: Processes): Promise<void> {
  const node = await readJoinedNode(file)
  if (node === undefined) throw new Error(`${file} has gone`)
  const { dnsAddress } = readNodeSettingsData(node.network)
  for (const { key, value } of nodeSysctls) await setSysctl(key, value)
  const lines = ['link set lo up', `address replace ${dnsAddress}/32 dev lo`]
  await processes.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Ends everything of a node here, and takes away what is left. */
export async function cleanUpMachine({ node, state }: NodeMachine, { processes, cgroups, mounts }: AgentRunnerDeps): Promise<void> {
  const layout = joinedLayout(state, node)
  const { paths, networkName, cgroup, file } = layout
  const joined = await readJoinedNode(file)
  await cgroups.kill(cgroup)
  await cgroups.remove(cgroup)
  await mounts.unmountBelow(paths.run)
  await mounts.unmountBelow(state)
  await removeLeftovers({ state: paths.containerdState, networkName })
  if (joined !== undefined) {
    await proxyRunner.removeRules()
    const { dnsAddress } = readNodeSettingsData(joined.network)
    const lines = [`route flush protocol ${routeProtocol}`, `address flush dev lo to ${dnsAddress}/32`]
    await processes.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  }
  await rm(paths.run, { recursive: true, force: true })
  await rm(state, { recursive: true, force: true })
}
