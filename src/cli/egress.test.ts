import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaults } from '../cluster/config.ts'
import { layoutOf } from '../cluster/layout.ts'
import type { ClusterState, ProcessEnd, ProcessState } from '../cluster/state.ts'
import { describeEgress, egressInWords, proxyProblem } from './egress.ts'

let home: string
beforeEach(async () => (home = await mkdtemp(join(tmpdir(), 'portolan-egress-'))))
afterEach(() => rm(home, { recursive: true }))

function inWords(state: ProcessState['state'] | undefined, egress?: boolean, lastEnd?: ProcessEnd): string {
  const config = { ...defaults, name: 'one', home, ...(egress === undefined ? {} : { egress }) }
  const processes = state === undefined ? [] : [{ name: 'egress', pid: 1, state, restarts: 0, ...(lastEnd === undefined ? {} : { lastEnd }) }]
  const cluster: ClusterState = { phase: 'ready', message: '', config, supervisorPid: 1, processes, timeline: [] }
  return egressInWords(describeEgress(layoutOf(home, 'one'), cluster))
}

test.for([
  ['ready', undefined, 'on'],
  ['starting', true, 'starting'],
  ['stopped', true, 'stopped'],
  [undefined, true, 'stopped'],
  [undefined, false, 'off'],
] as const)('a process that is %s, egress %s: %s', ([state, egress, words]) => {
  expect(inWords(state, egress)).toBe(words)
})

test('what is broken says what pasta said last, or that it said nothing', async () => {
  const { logs } = layoutOf(home, 'one')
  const file = join(logs, 'egress.log')
  expect(inWords('restarting')).toBe(`broken: there is nothing in ${file}; it is tried again every few seconds`)
  await mkdir(logs, { recursive: true })
  await writeFile(file, 'External interface not usable\nFailed to send 36 bytes to syslog\n')
  for (const end of [undefined, { exitCode: 1 }]) {
    expect(inWords('restarting', true, end)).toBe('broken: External interface not usable; it is tried again every few seconds')
  }
  // What it said is of another time.
  expect(inWords('restarting', true, { signal: 'SIGKILL' })).toBe('broken: it ended by SIGKILL; it is tried again every few seconds')
  expect(inWords('restarting', true, { error: 'nft: not found' })).toBe('broken: it ended before it started: nft: not found; it is tried again every few seconds')
})

test.for(['http://127.0.0.1:3128', 'localhost:3128', 'http://ann:secret@127.1.2.3:3128/', 'http://localhost'])('the proxy %s is out of reach', (proxy) => {
  expect(proxyProblem({ https_proxy: proxy })).toContain('by way of https_proxy: ')
})

test.for(['http://192.0.2.1:3128', 'http://localhost.example:3128', 'http://proxy.example/127.0.0.1'])('the proxy %s is not', (proxy) => {
  expect(proxyProblem({ HTTPS_PROXY: proxy, HTTP_PROXY: '' })).toBeUndefined()
})
