import { expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { MetricRegistry } from '../../base/metrics.ts'
import { UnsentAnswers } from './unsent-answers.ts'

test('each is counted, the first of a kind in a minute is logged', () => {
  const clock = new ManualClock()
  const unsentBy = new MetricRegistry().counter({ name: 'unsent', help: '', labels: ['code'] })
  const lines: object[] = []
  const unsent = new UnsentAnswers({ metrics: { unsent: unsentBy }, clock, log: { ...silentLog, error: (fields) => void lines.push(fields) } })
  const fail = (code: string, times: number) => {
    const error = Object.assign(new Error(`send ${code}`), { code })
    for (let time = 0; time < times; time += 1) unsent.note(error, { address: '10.108.1.2', port: 4242 })
  }
  fail('EPERM', 500)
  fail('ENETUNREACH', 2)
  clock.advance(59_999)
  fail('EPERM', 1)
  clock.advance(1)
  fail('EPERM', 1)
  expect(lines).toMatchObject([
    { err: { code: 'EPERM' }, client: '10.108.1.2', soFar: 1 },
    { err: { code: 'ENETUNREACH' }, client: '10.108.1.2', soFar: 1 },
    { err: { code: 'EPERM' }, client: '10.108.1.2', soFar: 502 },
  ])
  expect(['EPERM', 'ENETUNREACH'].map((code) => unsentBy.with(code).value)).toEqual([502, 2])
})
