import type { AgentRunner } from '../cli/agent.ts'

/** The agent of `portolan agent`, in the network namespace where it is started. Its code is loaded when first used. */
export const agentRunner: AgentRunner = {
  async join(request, { say }) {
    // The command line, which every user of the machine can read, has the token in it; the agent may run for months.
    process.title = `portolan agent --node ${request.node}`
    return (await import('./join-machine.ts')).joinMachine(request, say)
  },
  run: async (machine, tools) => (await import('./run-machine.ts')).runMachine(machine, tools),
  cleanUp: async (machine, tools) => (await import('./run-machine.ts')).cleanUpMachine(machine, tools),
}
