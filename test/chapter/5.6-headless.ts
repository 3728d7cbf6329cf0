import { expect } from 'vitest'
import { curlExit, exitOf, hits } from './reader.ts'
import type { Section } from './row.ts'

const domain = 'default.svc.cluster.local'

export const headless: Section = {
  title: '5.6 Headless Services',
  rows: [
    {
      row: 24,
      title: 'dnsutils without a manifest',
      async perform(reader) {
        const generator = 'kubectl run dnsutils --image=tutum/dnsutils --generator=run-pod/v1 --command -- sleep infinity'
        if (reader.kubectl.minor > 20) {
          expect(await reader.fails(generator)).toContain('unknown flag: --generator')
          expect(await reader.types('kubectl run dnsutils --image=tutum/dnsutils --command -- sleep infinity')).toBe('pod/dnsutils created\n')
        } else {
          expect(await reader.types(generator)).toBe('pod/dnsutils created\n')
        }
        await reader.types('kubectl wait --for=condition=Ready pod dnsutils --timeout=60s')
      },
    },
    {
      row: 23,
      title: 'DNS answers with the pods that are ready, and a connection goes straight to one',
      async perform(reader) {
        expect(await reader.types('kubectl create -f kubia-svc-headless.yaml')).toBe('service/kubia-headless created\n')
        expect(await reader.types('kubectl get svc kubia-headless')).toMatch(/^kubia-headless +ClusterIP +None +<none> +80\/TCP /m)
        const [first = '', second = ''] = await reader.pods()
        await reader.types(`kubectl exec ${first} -- touch /var/ready && kubectl exec ${second} -- touch /var/ready`)
        await reader.until(`kubectl get pod ${first} ${second}`, /( 1\/1 +Running +0 [^]*){2}/)
        const ready = (await reader.words('pods -l app=kubia', '{.items[?(@.status.containerStatuses[0].ready==true)].status.podIP}')).sort()
        expect(ready).toHaveLength(2)
        const lookup = 'kubectl exec dnsutils -- nslookup kubia-headless'
        const answers = await reader.until(lookup, new RegExp(`(^Name:\tkubia-headless\\.${domain}\nAddress: \\S+\n){2}`, 'm'))
        expect([...answers[0].matchAll(/^Address: (\S+)$/gm)].map(([, address]) => address).sort()).toEqual(ready)
        expect(hits(await reader.types('kubectl exec dnsutils -- curl -s http://kubia-headless:8080'))).toHaveLength(1)
        // Nobody translates its port: pods listen on 8080.
        expect(await reader.types(`kubectl exec dnsutils -- sh -c '${exitOf('http://kubia-headless')}'`)).toBe(`${curlExit.refused}\n`)
      },
    },
    {
      row: 24,
      title: 'nslookup of one that is not headless finds its address',
      async perform(reader) {
        const address = (await reader.clusterIP('kubia')).replaceAll('.', '\\.')
        expect(await reader.types('kubectl exec dnsutils -- nslookup kubia')).toMatch(
          new RegExp(`^Server:\t\t10\\.96\\.0\\.10\nAddress:\t10\\.96\\.0\\.10#53\n\nName:\tkubia\\.${domain}\nAddress: ${address}\n`),
        )
        expect((await reader.tries('kubecl exec dnsutils nslookup kubia-headless')).stderr).toContain('kubecl: not found')
      },
    },
    {
      row: 23,
      title: 'addresses come in turns; publishNotReadyAddresses adds those that are not ready',
      once: true,
      async perform(reader) {
        const first = `for i in $(seq 30); do dig +short kubia-headless.${domain} | head -n 1; done | sort | uniq | wc -l`
        expect(await reader.types(`kubectl exec dnsutils -- sh -c '${first}'`)).toBe('2\n')
        await reader.types(`kubectl patch svc kubia-headless -p '{"spec":{"publishNotReadyAddresses":true}}'`)
        await reader.until(`kubectl exec dnsutils -- sh -c 'dig +short kubia-headless.${domain} | wc -l'`, /^3\n$/)
        await reader.types(`kubectl patch svc kubia-headless -p '{"spec":{"publishNotReadyAddresses":false}}'`)
      },
    },
  ],
}
