import type { AgentRunner } from '../cli/agent.ts'
import type { Cgroups } from '../kernel/cgroups.ts'
import type { Mounts } from '../kernel/mounts.ts'
import type { Processes } from '../kernel/processes.ts'

export interface AgentRunnerDeps {
  readonly processes: Processes
  readonly cgroups: Cgroups
  readonly mounts: Mounts
  program(name: string): readonly [string, ...string[]]
  say(line: string): void
}

/** The agent of `portolan agent`, in the network namespace where it is started. Its code is loaded when first used. */
export function agentRunner(deps: AgentRunnerDeps): AgentRunner {
  return {
    join: async (request) => (await import('./join-machine.ts')).joinMachine(request, deps.say),
    run: async (machine) => (await import('./run-machine.ts')).runMachine(machine, deps),
    cleanUp: async (machine) => (await import('./run-machine.ts')).cleanUpMachine(machine, deps),
  }
}
