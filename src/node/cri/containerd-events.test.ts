import { expect, test } from 'vitest'
import { encode } from './codec.ts'
import { runtimeEvent } from './containerd-events.ts'
import { taskExit, taskOom } from './messages.ts'

for (const { title, topic, value, event } of [
  {
    title: 'a container that ended',
    topic: '/tasks/exit',
    value: encode(taskExit, { containerId: 'c1', id: 'c1' }),
    event: { type: 'exit', containerId: 'c1' },
  },
  {
    title: 'a command in a container that ended',
    topic: '/tasks/exit',
    value: encode(taskExit, { containerId: 'c1', id: 'exec-1' }),
    event: undefined,
  },
  {
    title: 'memory ran out',
    topic: '/tasks/oom',
    value: encode(taskOom, { containerId: 'c1' }),
    event: { type: 'oom', containerId: 'c1' },
  },
]) {
  test(`tells of ${title}`, () => {
    expect(runtimeEvent(topic, value)).toEqual(event)
  })
}
