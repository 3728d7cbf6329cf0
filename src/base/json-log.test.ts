import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { jsonLog } from './json-log.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-log-'))
  file = join(folder, 'logs', 'agent.log')
})

afterEach(() => rmSync(folder, { recursive: true }))

function lines(): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text.trimEnd().split('\n').map((line) => JSON.parse(line))
}

test('writes one object per event, at once', () => {
  const log = jsonLog({ process: 'agent', level: 'info', destination: file })
  log.debug({ left: 'out' }, 'not for this level')
  log.info({ pod: 'default/web' }, 'started\nnow')
  log.child({ controller: 'endpoints' }).warn({}, 'slow')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(lines()).toEqual([
    { level: 'info', time, process: 'agent', pod: 'default/web', msg: 'started\nnow' },
    { level: 'warn', time, process: 'agent', controller: 'endpoints', msg: 'slow' },
  ])
})

test('writes errors out, and appends', () => {
  for (const field of ['err', 'error']) {
    const log = jsonLog({ process: 'agent', level: 'error', destination: file })
    log.error({ [field]: new TypeError('broken', { cause: new Error('below') }) }, 'failed')
  }
  const [message, stack] = ['broken', 'below'].map((part): unknown => expect.stringContaining(part))
  const shape = { type: 'TypeError', message, stack }
  expect(lines()).toMatchObject([{ err: shape }, { error: shape }])
})
