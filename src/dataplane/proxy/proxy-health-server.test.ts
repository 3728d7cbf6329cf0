import { expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { proxyHealthServer } from './proxy-health-server.ts'

async function answer(port: number, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, ...((await response.json()) as object) }
}

test('says whether the rules are up to date, and since when', async () => {
  const clock = new ManualClock()
  const { promise, resolve } = Promise.withResolvers<number>()
  await using server = proxyHealthServer({ log: silentLog, clock, host: '127.0.0.1', port: 0, listening: resolve })
  const port = await promise
  const start = '2026-01-01T00:00:00Z'
  expect(await answer(port, '/healthz')).toEqual({ status: 503, lastUpdated: start, currentTime: start })
  clock.advance(5_000)
  server.set({ isUpToDate: true })
  clock.advance(1_000)
  const times = { lastUpdated: '2026-01-01T00:00:05Z', currentTime: '2026-01-01T00:00:06Z' }
  expect(await answer(port, '/healthz')).toEqual({ status: 200, ...times })
  expect(await answer(port, '/livez?verbose')).toEqual({ status: 200, ...times })
  server.set({ isUpToDate: false })
  expect(await answer(port, '/healthz')).toEqual({ status: 503, ...times })
  expect(await answer(port, '/metrics')).toMatchObject({ status: 404 })
})

test('a port that is taken is reported, and harms nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<number>()
  const options = { clock: new ManualClock(), host: '127.0.0.1' }
  await using first = proxyHealthServer({ ...options, log: silentLog, port: 0, listening: resolve })
  const port = await promise
  const reported = Promise.withResolvers<object>()
  await using second = proxyHealthServer({ ...options, log: { ...silentLog, error: reported.resolve }, port })
  expect(await reported.promise).toMatchObject({ port, err: { code: 'EADDRINUSE' } })
  second.set({ isUpToDate: true })
  first.set({ isUpToDate: true })
  expect(await answer(port, '/healthz')).toMatchObject({ status: 200 })
})
