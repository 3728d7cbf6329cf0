import { appendFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../pods/test-pods.ts'
import { LineSplitter, parseLogLine } from './cri-log.ts'
import { BadLogOptions, parseLogOptions } from './log-options.ts'
import { readLog } from './log-reader.ts'

const now = new Date('2026-01-01T00:01:00Z')

describe('one line', () => {
  for (const { name, line, gives } of [
    { name: 'of stdout', line: '2026-01-01T00:00:00.123456789Z stdout F hello world', gives: ['stdout', false, 'hello world'] },
    { name: 'of stderr, a piece', line: '2026-01-01T00:00:00Z stderr P part', gives: ['stderr', true, 'part'] },
    { name: 'with more tags', line: '2026-01-01T00:00:00Z stdout F:TAG x', gives: ['stdout', false, 'x'] },
    { name: 'that is empty', line: '2026-01-01T00:00:00Z stdout F ', gives: ['stdout', false, ''] },
    { name: 'without content', line: '2026-01-01T00:00:00Z stdout F', gives: ['stdout', false, ''] },
    { name: 'with a time zone', line: '2026-01-01T01:00:00.5+01:00 stdout F x', gives: ['stdout', false, 'x'] },
  ]) {
    test(name, () => {
      const parsed = parseLogLine(Buffer.from(line))
      expect([parsed?.stream, parsed?.partial, parsed?.content.toString()]).toEqual(gives)
    })
  }

  test.each(['', 'x', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z other F x', 'yesterday stdout F x'])('not a line: %j', (line) => {
    expect(parseLogLine(Buffer.from(line))).toBeUndefined()
  })
})

test('lines are cut wherever the chunks are', () => {
  const text = Buffer.from('one\ntwo\n\nthrée\nrest')
  for (let cut = 0; cut <= text.length; cut += 1) {
    const splitter = new LineSplitter()
    const lines = [...splitter.push(text.subarray(0, cut)), ...splitter.push(text.subarray(cut))]
    expect(lines.map(String)).toEqual(['one', 'two', '', 'thrée'])
  }
})

const log = [
  '2026-01-01T00:00:10Z stdout F first',
  '2026-01-01T00:00:20Z stdout P sec',
  '2026-01-01T00:00:20Z stdout F ond',
  '2026-01-01T00:00:30Z stderr F third',
  '2026-01-01T00:00:40Z stdout F fourth',
]

describe('a whole log', () => {
  for (const { query, gives } of [
    { query: '', gives: 'first\nsecond\nthird\nfourth\n' },
    { query: 'tailLines=2', gives: 'third\nfourth\n' },
    { query: 'tailLines=3', gives: 'second\nthird\nfourth\n' },
    { query: 'tailLines=0', gives: '' },
    { query: 'tailLines=99', gives: 'first\nsecond\nthird\nfourth\n' },
    { query: 'sinceSeconds=35', gives: 'third\nfourth\n' },
    { query: 'sinceTime=2026-01-01T00:00:40Z', gives: 'fourth\n' },
    { query: 'limitBytes=8', gives: 'first\nse' },
    { query: 'stream=Stderr', gives: 'third\n' },
    { query: 'timestamps=true&tailLines=3', gives: '2026-01-01T00:00:20Z second\n2026-01-01T00:00:30Z third\n2026-01-01T00:00:40Z fourth\n' },
  ]) {
    test(`?${query}`, async () => {
      await using scratch = await scratchDirectory()
      const path = join(scratch.path, '0.log')
      await writeFile(path, `${log.join('\n')}\n`)
      expect(await all(path, query)).toBe(gives)
    })
  }

  test('the last lines of a log of many blocks', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, '0.log')
    const lines = Array.from({ length: 5000 }, (_, index) => `2026-01-01T00:00:10Z stdout F ${index} ${'x'.repeat(index % 97)}`)
    await writeFile(path, `${lines.join('\n')}\n`)
    for (const count of [1, 1500, 4999, 5000, 6000]) {
      const text = await all(path, `tailLines=${count}`)
      expect(text.split('\n').length - 1).toBe(Math.min(count, 5000))
      expect(text.startsWith(`${Math.max(0, 5000 - count)} `)).toBe(true)
    }
  })

  test('one line longer than a block', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, '0.log')
    await writeFile(path, `2026-01-01T00:00:10Z stdout F ${'é'.repeat(100_000)}\n2026-01-01T00:00:10Z stdout F end\n`)
    expect(await all(path, 'tailLines=2')).toBe(`${'é'.repeat(100_000)}\nend\n`)
  })
})

test.each(['tailLines=-1', 'tailLines=x', 'sinceSeconds=0', 'limitBytes=0', 'sinceTime=never', 'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 'stream=Both'])(
  'refused: %s',
  (query) => {
    expect(() => parseLogOptions(new URLSearchParams(query), now)).toThrow(BadLogOptions)
  },
)

describe('following', () => {
  test('goes on over new lines and a rotation, until the container has ended', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, '0.log')
    await writeFile(path, `${log[0]}\n`)
    let running = true
    const source = { path, isRunning: async () => running, signal: new AbortController().signal }
    const reader = readLog(source, parseLogOptions(new URLSearchParams('follow=true&tailLines=5'), now))
    expect(String((await reader.next()).value)).toBe('first\n')
    await appendFile(path, `${log[3]}\n${log[4]?.slice(0, 25)}`)
    expect(String((await reader.next()).value)).toBe('third\n')
    await appendFile(path, `${log[4]?.slice(25)}\n`)
    expect(String((await reader.next()).value)).toBe('fourth\n')
    await rename(path, join(scratch.path, '0.log.1'))
    await writeFile(path, `${log[0]}\n`)
    expect(String((await reader.next()).value)).toBe('first\n')
    const last = reader.next()
    running = false
    await appendFile(path, `${log[3]}\n`)
    expect(String((await last).value)).toBe('third\n')
    expect((await reader.next()).done).toBe(true)
  })

  test('ends when the client goes', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, '0.log')
    await writeFile(path, '')
    const gone = new AbortController()
    const source = { path, isRunning: async () => true, signal: gone.signal }
    const reader = readLog(source, parseLogOptions(new URLSearchParams('follow=true'), now))
    const next = reader.next()
    gone.abort()
    expect((await next).done).toBe(true)
  })
})

async function all(path: string, query: string): Promise<string> {
  const source = { path, isRunning: async () => false, signal: new AbortController().signal }
  const chunks: Buffer[] = []
  for await (const chunk of readLog(source, parseLogOptions(new URLSearchParams(query), now))) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
