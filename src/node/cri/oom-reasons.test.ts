import { expect, test } from 'vitest'
import { withOomReasons } from './oom-reasons.ts'
import type { Container, ContainerRuntime } from './runtime.ts'

const killed = { state: 'exited', exitCode: 137, reason: 'Error' } as const

for (const { name, status, reason } of [
  { name: 'a container that was killed for want of memory says so', status: { id: 'a', ...killed }, reason: 'OOMKilled' },
  { name: 'one that was killed otherwise does not', status: { id: 'b', ...killed }, reason: 'Error' },
  { name: 'what ended otherwise keeps its reason', status: { id: 'a', ...killed, exitCode: 1 }, reason: 'Error' },
  { name: 'what the runtime knows is kept', status: { id: 'a', ...killed, reason: 'ContainerStatusUnknown' }, reason: 'ContainerStatusUnknown' },
]) {
  test(name, async () => {
    const runtime = { containerStatus: async () => status as unknown as Container } as unknown as ContainerRuntime
    const known = withOomReasons(runtime, { hasKilledIn: (group) => group === 'a' })
    expect((await known.containerStatus(status.id)).reason).toBe(reason)
  })
}
