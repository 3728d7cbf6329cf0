import { fileURLToPath } from 'node:url'
import { systemClock } from '../base/clock.ts'
import { jsonLog } from '../base/json-log.ts'
import { supervise } from '../cluster/supervisor.ts'
import { realCgroups } from '../kernel/real-cgroups.ts'
import { realMounts } from '../kernel/mounts.ts'
import { realNamespaces } from '../kernel/real-namespaces.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { endOnFailure } from './failure.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { removeRuntimeLeftovers } from './runtime-leftovers.ts'
import { clusterOf, endOfProcess } from './program-arguments.ts'

const log = jsonLog({ process: 'supervisor' })
endOnFailure(log)
giveBackMemory({ clock: systemClock })
const stopped = endOfProcess()
const { config, layout } = await clusterOf(process.argv.slice(2))

try {
  await supervise(
    config,
    layout,
    {
      clock: systemClock,
      log,
      processes: realProcesses,
      namespaces: realNamespaces(realProcesses),
      cgroups: await realCgroups(systemClock),
      mounts: realMounts(realProcesses),
      removeRuntimeLeftovers,
      program: (name) => [process.execPath, fileURLToPath(new URL(`${name}.js`, import.meta.url))],
    },
    stopped,
  )
} catch (error) {
  log.error({ error }, 'supervisor failed')
  process.exitCode = 1
}
