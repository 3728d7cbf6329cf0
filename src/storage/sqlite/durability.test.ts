import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'
import { scratchDatabase } from './scratch.ts'

const writer = new URL('./writer.ts', import.meta.url).pathname
let scratch: ReturnType<typeof scratchDatabase>

beforeEach(() => {
  scratch = scratchDatabase()
})

afterEach(() => scratch.remove())

/** Runs the writer, hands on its lines, and waits for its end. */
async function runWriter(onLine: (line: string, kill: () => void) => void, ...wrapper: string[]): Promise<void> {
  const [command = '', ...args] = [...wrapper, process.execPath, writer, scratch.path]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  try {
    for await (const line of createInterface(child.stdout)) onLine(line, () => child.kill('SIGKILL'))
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

test('keeps every acknowledged write through kill -9, and never goes back in revision', async () => {
  let revision = 0
  for (let round = 0; round < 3; round += 1) {
    const counts = new Map<string, number>()
    let lines = 0
    await runWriter((line, kill) => {
      const [key = '', count, modRevision] = line.split(' ')
      expect(Number(modRevision)).toBeGreaterThan(revision)
      revision = Number(modRevision)
      counts.set(key, Number(count))
      if ((lines += 1) === 200) kill()
    })
    const store = openSqliteStore(scratch.path)
    try {
      expect(lines).toBeGreaterThanOrEqual(200)
      expect(store.revision).toBeGreaterThanOrEqual(revision)
      for (const [key, count] of counts) {
        const { value = '' } = (await store.get(key)) ?? {}
        expect(Number(value.split(' ', 1)[0])).toBeGreaterThanOrEqual(count)
      }
      revision = store.revision
    } finally {
      await store.close()
    }
  }
})

test('a commit that fails rejects all its writes, changes nothing, and loses nothing', async () => {
  const acknowledged: number[] = []
  const failed: string[] = []
  const held: number[] = []
  const probes: string[] = []
  // Files of this process may grow to 1 MiB, as on a disk that is full.
  await runWriter(
    (line) => {
      const words = line.split(' ')
      if (line.startsWith('failed ')) failed.push(line)
      else if (line.startsWith('probe ')) probes.push(line)
      else if (line.startsWith('holds ')) held.push(...words.slice(1).map(Number))
      else acknowledged.push(Number(words.at(-1)))
    },
    'sh',
    '-c',
    'ulimit -f 2048; exec "$@"',
    'sh',
  )
  const store = openSqliteStore(scratch.path)
  try {
    expect(failed).toHaveLength(4)
    expect(probes).toEqual(['probe fulfilled rejected'])
    for (const line of failed) expect(line).toContain(`${scratch.path}: `)
    const [revision, ...modRevisions] = held
    expect(Math.max(...modRevisions)).toBeLessThanOrEqual(Number(revision))
    expect(store.revision).toBe(revision)
    const { entries } = await store.list('/registry/counters/')
    expect(entries.map(({ modRevision }) => modRevision)).toEqual(modRevisions)
    expect(store.revision).toBeGreaterThanOrEqual(Math.max(...acknowledged))
  } finally {
    await store.close()
  }
})
