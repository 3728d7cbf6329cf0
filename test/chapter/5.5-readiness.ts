import { expect } from 'vitest'
import type { Section } from './row.ts'

export const readiness: Section = {
  title: '5.5 Readiness',
  rows: [
    {
      row: 22,
      title: 'pods are in the Service when their probe succeeds',
      async perform(reader) {
        await reader.types('kubectl delete rc kubia')
        await reader.types('kubectl create -f kubia-rc-readinessprobe.yaml')
        await reader.until('kubectl get pods -l app=kubia', /^NAME.*\n(kubia-\w{5} +0\/1 +Running +0 +\d+s\n){3}$/)
        await reader.until('kubectl get endpoints kubia', /^kubia +\d+[ms]/m)
        const pod = await reader.pod()
        await reader.types(`kubectl exec ${pod} -- touch /var/ready`)
        await reader.until(`kubectl get pod ${pod}`, / 1\/1 +Running +0 /)
        const address = await reader.word(`pod ${pod}`, '{.status.podIP}')
        await reader.until('kubectl get endpoints kubia', new RegExp(`^kubia +${address}:8080 +\\d+[ms]`, 'm'))
      },
    },
    {
      row: 22,
      title: 'and leave it when it fails, and are not restarted',
      once: true,
      async perform(reader) {
        const pod = await reader.word('endpoints kubia', '{.subsets[0].addresses[0].targetRef.name}')
        await reader.types(`kubectl exec ${pod} -- rm /var/ready`)
        await reader.until(`kubectl get pod ${pod}`, / 0\/1 +Running +0 /)
        await reader.until('kubectl get endpoints kubia', /^kubia +\d+[ms]/m)
        await reader.types(`kubectl exec ${pod} -- touch /var/ready`)
        await reader.until(`kubectl get pod ${pod}`, / 1\/1 +Running +0 /)
      },
    },
    {
      row: 22,
      title: 'probes by HTTP, TCP and gRPC',
      once: true,
      async perform(reader) {
        const ready = `kubectl get pod probes -n more -o 'jsonpath={range .status.containerStatuses[*]}{.name}={.ready} {.restartCount} {end}'`
        await reader.until(ready, /http=true 0 [^]*no-grpc=false 0 no-http=false 0 no-tcp=false 0 tcp=true 0 |^http=true 0 tcp=true 0 no-http=false 0 no-tcp=false 0 no-grpc=false 0 $/)
        const events = await reader.until('kubectl get events -n more', /connection refused[^]*connection refused/)
        expect(events.input).toContain('Readiness probe failed')
      },
    },
  ],
}
