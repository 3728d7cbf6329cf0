import { expect } from 'vitest'
import { curlExit, exitOf, hits, requests } from './reader.ts'
import type { Section } from './row.ts'

const nodes = ['192.168.99.11', '192.168.99.12', '192.168.99.13'] as const
const client = '203.0.113.2'

export const outside: Section = {
  title: '5.3 To clients outside',
  rows: [
    {
      row: 15,
      title: 'a node port answers on every node',
      async perform(reader) {
        expect(await reader.types('kubectl create -f kubia-svc-nodeport.yaml')).toBe('service/kubia-nodeport created\n')
        expect(await reader.types('kubectl get svc kubia-nodeport')).toMatch(/^kubia-nodeport +NodePort +10\.\S+ +<none> +80:30123\/TCP /m)
        const urls = nodes.map((node) => `http://${node}:30123`)
        expect(await reader.at('outside', `curl -s --max-time 5 ${urls.join(' ')}`)).toMatch(/^(You've hit kubia-\w{5}\n){3}$/)
      },
    },
    {
      row: 15,
      title: 'one that is taken or out of range is refused; without a number one is drawn',
      async perform(reader) {
        const other = (port: string) => `sed 's/kubia-nodeport/other/; s/nodePort: 30123/${port}/' kubia-svc-nodeport.yaml | kubectl create -f -`
        expect(await reader.fails(other('nodePort: 30123'))).toContain('spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated')
        expect(await reader.fails(other('nodePort: 80'))).toContain('provided port is not in the valid range. The range of valid ports is 30000-32767')
        await reader.types(other(''))
        expect(await reader.types('kubectl get svc other')).toMatch(/ 80:3\d{4}\/TCP /)
        await reader.types('kubectl delete svc other')
      },
    },
    {
      row: 16,
      title: 'a load balancer has an address of its own',
      async perform(reader) {
        await reader.types('kubectl create -f kubia-svc-loadbalancer.yaml')
        const [, address] = await reader.until('kubectl get svc kubia-loadbalancer', /^kubia-loadbalancer +LoadBalancer +10\.\S+ +(203\.0\.113\.\d+) +80:3\d{4}\/TCP /m)
        expect(hits(await reader.at('outside', requests(`http://${address}:80`)))).toEqual(await reader.pods())
      },
    },
    {
      row: 16,
      title: 'as it is misprinted, it is refused',
      async perform(reader) {
        const misprinted = `sed 's/LoadBalancer/LoadBalance/; s/name: .*/name: misprinted/' kubia-svc-loadbalancer.yaml | kubectl create -f -`
        expect(await reader.fails(misprinted)).toContain('spec.type: Unsupported value: "LoadBalance"')
        const address = await reader.word('svc kubia-loadbalancer', '{.status.loadBalancer.ingress[0].ip}')
        expect(await reader.at('outside', `curl -sS https://${address}:80 2>&1`)).toContain('wrong version number')
      },
    },
    {
      row: 17,
      title: 'a connection that is kept stays on one pod; with affinity all do',
      async perform(reader) {
        const url = `http://${await reader.word('svc kubia-loadbalancer', '{.status.loadBalancer.ingress[0].ip}')}`
        const keeping = await reader.at('outside', `curl -s ${Array.from({ length: 20 }, () => url).join(' ')}`)
        expect(keeping.match(/You've hit/g)).toHaveLength(20)
        expect(hits(keeping)).toHaveLength(1)
        await reader.types(`kubectl patch svc kubia-loadbalancer -p '{"spec":{"sessionAffinity":"ClientIP"}}'`)
        // Each node remembers the clients that come by it: a node port is one node's.
        const port = await reader.word('svc kubia-loadbalancer', '{.spec.ports[0].nodePort}')
        await expect.poll(async () => hits(await reader.at('outside', requests(`http://${nodes[0]}:${port}`))).length, { timeout: 20_000 }).toBe(1)
        await reader.types(`kubectl patch svc kubia-loadbalancer -p '{"spec":{"sessionAffinity":"None"}}'`)
      },
    },
    {
      row: 18,
      title: 'externalTrafficPolicy: Cluster hides the client, Local shows it',
      once: true,
      async perform(reader) {
        const visit = `for node in ${nodes.join(' ')}; do curl -s --max-time 3 http://$node:30123/; done`
        const log = 'for pod in $(kubectl get pods -l app=kubia -o name); do kubectl logs $pod --tail=3; done'
        await reader.at('outside', visit)
        expect(await reader.types(log)).not.toContain(client)
        await reader.types('kubectl apply -f kubia-svc-nodeport-local.yaml')
        await expect.poll(async () => {
          await reader.at('outside', visit)
          return reader.types(log)
        }, { timeout: 20_000 }).toContain(client)
      },
    },
    {
      row: 18,
      title: 'with Local nodes without a pod do not answer, and the load balancer passes them by',
      once: true,
      async perform(reader) {
        await reader.types('kubectl scale rc kubia --replicas=1')
        await reader.types(`kubectl patch svc kubia-loadbalancer -p '{"spec":{"externalTrafficPolicy":"Local"}}'`)
        await reader.until('kubectl get pods -l app=kubia -o name', /^pod\/\S+\n$/)
        const home = await reader.word('pods -l app=kubia', '{.items[?(@.status.phase=="Running")].status.hostIP}')
        const [pod] = await reader.pods()
        const exits = async () => (await reader.at('outside', nodes.map((node) => exitOf(`http://${node}:30123`)).join('; '))).trim().split('\n')
        await expect.poll(exits, { timeout: 20_000 }).toEqual(nodes.map((node) => (node === home ? '0' : curlExit.noAnswer)))
        const health = await reader.word('svc kubia-loadbalancer', '{.spec.healthCheckNodePort}')
        const codes = nodes.map((node) => `curl -s -o /dev/null -w '%{http_code}\\n' http://${node}:${health}`).join('; ')
        expect((await reader.at('outside', codes)).trim().split('\n')).toEqual(nodes.map((node) => (node === home ? '200' : '503')))
        const address = await reader.word('svc kubia-loadbalancer', '{.status.loadBalancer.ingress[0].ip}')
        const balanced = await reader.at('outside', requests(`http://${address}`))
        expect(balanced.match(/You've hit/g)).toHaveLength(40)
        expect(hits(balanced)).toEqual([pod])
        await reader.types('kubectl scale rc kubia --replicas=3')
        await reader.types('kubectl delete svc kubia-nodeport && kubectl create -f kubia-svc-nodeport.yaml')
        await reader.until('kubectl get rc kubia', /^kubia +3 +3 +3 /m)
      },
    },
    {
      row: 18,
      title: 'as it is misprinted, it is refused with the line',
      async perform(reader) {
        expect(await reader.fails('kubectl create -f misprints/kubia-svc-nodeport-local.yaml')).toContain('yaml: line 5: found a tab character that violates indentation')
        expect(await reader.fails('kubectl create -f misprints/kubia-svc-nodeport-local-no-tabs.yaml')).toContain(`yaml: line 7: could not find expected ':'`)
        const colonPutRight = `sed 's/spec：/spec:/' misprints/kubia-svc-nodeport-local-no-tabs.yaml | kubectl create -f -`
        expect(await reader.fails(colonPutRight)).toMatch(/cannot unmarshal string into Go struct field Service\.spec of type v1\.ServiceSpec|Service\.spec\): invalid type for \S+: got "string", expected "map"/)
        expect((await reader.tries('kuberctl get svc kubia-nodeport')).stderr).toContain('kuberctl: not found')
      },
    },
  ],
}
