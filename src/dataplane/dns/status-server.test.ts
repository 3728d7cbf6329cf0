import { expect, test } from 'vitest'
import { MetricRegistry } from '../../base/metrics.ts'
import { serveStatus } from './status-server.ts'

test('tells metrics and whether it is ready', async () => {
  const metrics = new MetricRegistry()
  metrics.counter({ name: 'some_total', help: 'Some.' }).with().add(3)
  let ready = false
  await using server = await serveStatus({ metrics, isReady: () => ready }, { address: '127.0.0.1', port: 0 })
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    return `${response.status} ${await response.text()}`
  }
  expect(await get('/ready')).toBe('503 the state of the cluster is not known yet')
  ready = true
  expect(await get('/ready')).toBe('200 OK')
  expect(await get('/metrics')).toContain('\nsome_total 3\n')
  expect(await get('/other')).toMatch(/^404 /)
  await expect(serveStatus({ metrics, isReady: () => true }, { address: '127.0.0.1', port: server.port })).rejects.toThrow('EADDRINUSE')
})
