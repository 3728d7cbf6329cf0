import type { ApiContext } from '../context.ts'
import type { ApiResponse, Handler } from '../request.ts'
import { requestLabels } from './request-labels.ts'
import type { RequestSeries } from './server-metrics.ts'

/** The handler, with every request counted and timed. */
export function measured(handler: Handler, { metrics, kinds, clock }: Pick<ApiContext, 'metrics' | 'kinds' | 'clock'>): Handler {
  const reading = metrics.inFlight.with('readOnly')
  const mutating = metrics.inFlight.with('mutating')
  const since = (startMs: number) => (clock.monotonicMs() - startMs) / 1000
  return async (request) => {
    const startMs = clock.monotonicMs()
    const inFlight = readOnly.has(request.method) ? reading : mutating
    inFlight.add()
    try {
      const answer = await handler(request)
      const series = metrics.requests(requestLabels(request, kinds))
      if (typeof answer.body === 'function') return untilItsEnd(answer, series, () => since(startMs))
      series.done(answer.status, since(startMs))
      return answer
    } finally {
      inFlight.add(-1)
    }
  }
}

const readOnly: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** An answer that goes on is counted when it has ended. */
function untilItsEnd(answer: ApiResponse, series: RequestSeries, seconds: () => number): ApiResponse {
  const { body, status } = answer
  if (typeof body !== 'function') return answer
  return {
    ...answer,
    body: async (write, signal) => {
      series.open.add()
      try {
        await body(write, signal)
      } finally {
        series.open.add(-1)
        series.done(status, seconds())
      }
    },
  }
}
