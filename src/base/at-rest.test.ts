import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { atRest } from './at-rest.ts'
import { ManualClock } from './manual-clock.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-at-rest-'))
})
afterEach(() => rm(directory, { recursive: true }))

const file = () => join(directory, 'file')
const steps: readonly { name: string; step: () => Promise<unknown> }[] = [
  { name: 'a file that is written', step: () => writeFile(file(), Buffer.alloc(2 ** 20)) },
  { name: 'a folder that is read', step: () => readdir(directory) },
  { name: 'a folder that is removed', step: () => rm(join(directory, 'none'), { recursive: true, force: true }) },
  {
    name: 'a file that is opened, read and closed',
    async step() {
      await using handle = await open(file(), 'a+')
      await handle.read(Buffer.alloc(8), 0, 8, 0)
    },
  },
  { name: 'a turn of the event loop', step: () => nextTurn() },
  { name: 'promises', step: async () => {} },
]

for (const { name, step } of steps) {
  test(`waits for ${name}, and for what follows from it`, async () => {
    let done = 0
    const clock = new ManualClock()
    const work = async () => {
      for (; done < 50; done += 1) await step()
      await clock.sleep(1)
      done = Infinity
    }
    const working = work()
    await atRest()
    expect(done).toBe(50)
    clock.advance(1)
    await working
  })
}
