import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import type { AgentTools, NodeMachine } from '../cli/agent.ts'
import { UserError } from '../cli/context.ts'
import { type JoinedLayout, joinedLayout, readJoinedNode } from '../cluster/joined-node.ts'
import { removeIfEmpty } from '../cluster/teardown.ts'
import { nodeSysctls } from '../cluster/network-description.ts'
import { readNodeSettingsData } from '../cluster/node-settings.ts'
import { routeProtocol } from '../dataplane/routes/routes-controller.ts'
import type { Processes } from '../kernel/processes.ts'
import { setSysctl } from '../kernel/sysctl.ts'
import { removeLeftovers } from '../node/containerd/leftovers.ts'
import { endOfProcess } from './program-arguments.ts'
import { proxyRunner } from './proxy-runner.ts'

const devices = '/proc/sys/net/ipv4/conf'

/** Resolves to the agent's exit code. Its pods go on, for the next one to find. */
export async function runMachine({ node, state, home }: NodeMachine, { processes, cgroups, program, say }: AgentTools): Promise<number> {
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
  // Devices that are there keep their own values, and the stricter counts.
  for (const device of await readdir(devices)) await writeFile(join(devices, device, 'rp_filter'), '0')
  const lines = ['link set lo up', `address replace ${dnsAddress}/32 dev lo`]
  await processes.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Ends everything of a node here, and takes away what is left. Rejects with `UserError` if there is no such node. */
export async function cleanUpMachine({ node, state }: NodeMachine, { processes, cgroups, mounts }: AgentTools): Promise<void> {
  const layout = joinedLayout(state, node)
  const joined = await readJoinedNode(layout.file)
  // Nothing is unmounted or removed where no node was: the folder may be anybody's.
  if (joined?.name !== node) throw new UserError(`there is no node ${node} in ${state}: give the --state and --node that it was started with`)
  const { paths, networkName, cgroup } = layout
  await cgroups.kill(cgroup)
  await cgroups.remove(cgroup)
  await mounts.unmountBelow(paths.run)
  await mounts.unmountBelow(paths.pods)
  await mounts.unmountBelow(paths.containerdRoot)
  await removeLeftovers({ state: paths.containerdState, networkName })
  await proxyRunner.removeRules()
  const { dnsAddress } = readNodeSettingsData(joined.network)
  const lines = [`route flush protocol ${routeProtocol}`, `address flush dev lo to ${dnsAddress}/32`]
  await processes.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  // What says that a node was here goes last.
  for (const path of [paths.run, paths.containerdRoot, paths.containerdLog, paths.pods, layout.pki, layout.file]) await rm(path, { recursive: true, force: true })
  for (const folder of [state, dirname(paths.run)]) await removeIfEmpty(folder)
}
