import { expect, test, vi } from 'vitest'
import { Channel } from './channel.ts'

test('yields what was pushed, before and while it is read', async () => {
  const channel = new Channel<number>()
  channel.push(1)
  const seen: number[] = []
  const reading = (async () => {
    for await (const item of channel) seen.push(item)
  })()
  await expect.poll(() => seen).toEqual([1])
  channel.push(2)
  channel.push(3)
  channel.end()
  channel.push(4)
  await reading
  expect(seen).toEqual([1, 2, 3])
})

test('throws a failure once, after what was pushed', async () => {
  const channel = new Channel<number>()
  channel.push(1)
  channel.fail(new Error('broken'))
  expect(await channel.next()).toEqual({ done: false, value: 1 })
  await expect(channel.next()).rejects.toThrow('broken')
  expect(await channel.next()).toEqual({ done: true, value: undefined })
})

for (const { name, leave } of [
  {
    name: 'the consumer leaves',
    leave: async (channel: Channel<number>) => {
      channel.push(1)
      channel.push(2)
      for await (const _ of channel) break
    },
  },
  {
    name: 'it has run out',
    leave: async (channel: Channel<number>) => {
      channel.end()
      for await (const _ of channel);
    },
  },
]) {
  test(`says once that it is over when ${name}`, async () => {
    const onReturn = vi.fn<() => void>()
    const channel = new Channel<number>(onReturn)
    await leave(channel)
    await channel.return()
    expect(onReturn).toHaveBeenCalledTimes(1)
    expect(channel.size).toBe(0)
  })
}
