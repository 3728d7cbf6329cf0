import type { ConformanceGroup } from './conformance-case.ts'

/** Upstream's bound for one in a hundred of them is 50 seconds; none has more than a minute here. How long it takes is for the benchmarks: docs/benchmarks.md. */
const count = 200
const atATime = 10

export const latency: ConformanceGroup = {
  title: 'Service endpoints latency',
  cases: [
    {
      name: 'should not be very high',
      async perform(tenant) {
        const labels = { app: 'web' }
        await tenant.serverPod('web', { labels, listens: ['http:8080'] })
        for (let first = 0; first < count; first += atATime) {
          const names = Array.from({ length: atATime }, (_, index) => `latency-${first + index}`)
          await Promise.all(
            names.map(async (name) => {
              await tenant.service(name, { selector: labels, ports: [{ port: 80, targetPort: 8080 }] })
              await tenant.untilEndpoints(name, { web: [8080] })
            }),
          )
        }
      },
    },
  ],
}
