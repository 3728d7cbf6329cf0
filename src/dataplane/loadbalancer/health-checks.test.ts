import { describe, expect, test } from 'vitest'
import { atRest } from '../../base/at-rest.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { HealthChecks } from './health-checks.ts'

const check = { address: '192.168.99.11', port: 10_256, everyMs: 500 }

/** A port that answers as the test wants, and a clock that it moves. */
class World implements Disposable {
  readonly clock = new ManualClock()
  isWell = true
  /** Whether answers are held back until `answer`. */
  isSilent = false
  asked = 0
  changes = 0
  readonly #waiting: (() => void)[] = []
  readonly checks = new HealthChecks({
    clock: this.clock,
    onChange: () => (this.changes += 1),
    ask: async () => {
      this.asked += 1
      if (this.isSilent) await new Promise<void>((resolve) => this.#waiting.push(resolve))
      return this.isWell
    },
  })

  get health(): string {
    return this.checks.healthOf(check.address, check.port)
  }

  async start(): Promise<void> {
    this.checks.set([check])
    await atRest()
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left))
      await atRest()
    }
  }

  async answer(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve()
    await atRest()
  }

  [Symbol.dispose](): void {
    this.checks.stop()
  }
}

describe('a port', () => {
  test('is unknown until it has answered, and then well', async () => {
    using world = new World()
    world.isSilent = true
    await world.start()
    expect(world.health).toBe('unknown')
    await world.answer()
    expect([world.health, world.changes]).toEqual(['healthy', 1])
  })

  test('that is well is left alone for its time', async () => {
    using world = new World()
    await world.start()
    await world.pass(450)
    expect(world.asked).toBe(1)
    await world.pass(50)
    expect([world.asked, world.changes]).toEqual([2, 1])
  })

  test('that fails once is asked again soon, and not given up', async () => {
    using world = new World()
    await world.start()
    world.isWell = false
    await world.pass(500)
    expect([world.asked, world.health]).toEqual([2, 'healthy'])
    world.isWell = true
    await world.pass(100)
    expect([world.asked, world.health, world.changes]).toEqual([3, 'healthy', 1])
    await world.pass(450)
    expect(world.asked).toBe(3)
  })

  test('that fails twice is unhealthy, within two seconds if each failure takes half a second', async () => {
    using world = new World()
    await world.start()
    world.isWell = false
    const startMs = world.clock.monotonicMs()
    await world.pass(500)
    expect(world.health).toBe('healthy')
    await world.pass(100)
    expect([world.health, world.changes]).toEqual(['unhealthy', 2])
    expect(world.clock.monotonicMs() - startMs + 2 * 500).toBeLessThan(2_000)
    world.isWell = true
    await world.pass(500)
    expect([world.health, world.changes]).toEqual(['healthy', 3])
  })

  test('that is new and not well yet is asked often for a second, then less', async () => {
    using world = new World()
    world.isWell = false
    await world.start()
    await world.pass(950)
    expect([world.asked, world.health]).toEqual([20, 'unhealthy'])
    await world.pass(1_000)
    expect(world.asked).toBeLessThanOrEqual(23)
    world.isWell = true
    await world.pass(500)
    expect(world.health).toBe('healthy')
  })

  test('that is told again goes on, and is unknown when it comes back', async () => {
    using world = new World()
    await world.start()
    await world.start()
    expect([world.asked, world.health]).toEqual([1, 'healthy'])
    world.checks.set([])
    expect(world.health).toBe('unknown')
    await world.pass(5_000)
    expect([world.asked, world.changes]).toEqual([1, 1])
    world.isWell = false
    await world.start()
    expect([world.asked, world.health]).toEqual([2, 'unknown'])
  })

  test('whose answer comes when nobody wants it any more changes nothing', async () => {
    using world = new World()
    world.isSilent = true
    await world.start()
    world.checks.set([])
    await world.answer()
    expect([world.asked, world.changes]).toEqual([1, 0])
  })
})
