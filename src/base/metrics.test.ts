import { expect, test } from 'vitest'
import { MetricRegistry } from './metrics.ts'

test('tells counters and gauges by name, with their labels', async () => {
  const registry = new MetricRegistry()
  const open = registry.gauge({ name: 'open', help: 'What is open.' })
  const seen = registry.counter({ name: 'seen_total', help: 'What was seen\nin "all" \\ of it.', labels: ['kind', 'from'] })
  seen.with('a', 'x').add()
  seen.with('a', 'x').add(2)
  seen.with('q"\\\n', '').add()
  open.with().add(3)
  open.with().add(-1)
  expect(await registry.text()).toBe(`# HELP open What is open.
# TYPE open gauge
open 2
# HELP seen_total What was seen\\nin "all" \\\\ of it.
# TYPE seen_total counter
seen_total{kind="a",from="x"} 3
seen_total{kind="q\\"\\\\\\n",from=""} 1
`)
})

test('tells histograms in buckets that add up', async () => {
  const registry = new MetricRegistry()
  const taken = registry.histogram({ name: 'taken_seconds', help: 'Time.', labels: ['verb'] }, [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 7]) taken.with('GET').observe(value)
  expect(await registry.text()).toBe(`# HELP taken_seconds Time.
# TYPE taken_seconds histogram
taken_seconds_bucket{verb="GET",le="0.1"} 2
taken_seconds_bucket{verb="GET",le="1"} 3
taken_seconds_bucket{verb="GET",le="+Inf"} 4
taken_seconds_sum{verb="GET"} 7.65
taken_seconds_count{verb="GET"} 4
`)
})

test('reads values when they are told, and leaves out what has none', async () => {
  const registry = new MetricRegistry()
  let value = 1
  registry.reads('gauge', { name: 'now', help: 'h', labels: ['of'] }, async () => [
    { labels: ['a'], value: value++ },
    { labels: ['b'], value: NaN },
    { labels: ['c'], value: -Infinity },
  ])
  registry.counter({ name: 'never', help: 'h' })
  await registry.text()
  expect(await registry.text()).toBe('# HELP now h\n# TYPE now gauge\nnow{of="a"} 2\nnow{of="b"} NaN\nnow{of="c"} -Inf\n')
})

test('takes a name once', () => {
  const registry = new MetricRegistry()
  registry.counter({ name: 'a', help: 'h' })
  expect(() => registry.gauge({ name: 'a', help: 'h' })).toThrow('the metric a is there already')
})
