import type { OomKills } from '../../kernel/oom-kills.ts'
import type { ContainerRuntime } from './runtime.ts'

/** Of a process that SIGKILL has ended. */
const killedExitCode = 137

/**
 * A runtime that knows which containers have ended for want of memory. containerd 1.6 loses one such end in about forty:
 * its shim leaves the news aside if the container's control group is gone before it has looked.
 */
export function withOomReasons<R extends ContainerRuntime>(runtime: R, kills: OomKills): R {
  return {
    ...runtime,
    async containerStatus(id) {
      const status = await runtime.containerStatus(id)
      const { state, exitCode, reason } = status
      const isUnexplained = state === 'exited' && exitCode === killedExitCode && reason === 'Error'
      return isUnexplained && kills.hasKilledIn(id) ? { ...status, reason: 'OOMKilled' } : status
    },
  }
}
