import { expect } from 'vitest'
import { curlExit, exitOf } from './reader.ts'
import type { Section } from './row.ts'

/** What each host outside answers: outside-hosts.ts starts them. */
const answer = /^some company\n$/

export const externalServices: Section = {
  title: '5.2 Services outside of the cluster',
  rows: [
    {
      row: 12,
      title: 'kubectl describe shows the endpoints, which kubectl get lists',
      async perform(reader) {
        const endpoint = String.raw`10\.108\.\d\.\d+:8080`
        const list = `${endpoint},${endpoint},${endpoint}`
        expect(await reader.types('kubectl describe svc kubia')).toMatch(
          new RegExp(String.raw`^Name: +kubia\nNamespace: +default\nLabels: +<none>\n[^]*^Selector: +app=kubia\nType: +ClusterIP\n[^]*^IP: +10\.\S+\n[^]*^Port: +<unset> +80/TCP\nTargetPort: +8080/TCP\nEndpoints: +${list}\nSession Affinity: +None\n[^]*^Events: +<none>\n`, 'm'),
        )
        expect(await reader.types('kubectl get endpoints kubia')).toMatch(new RegExp(`^NAME +ENDPOINTS +AGE\nkubia +${list} +\\d+s\n$`))
        const pods = (await reader.words('pods -l app=kubia', '{.items[*].status.podIP}')).sort()
        expect((await reader.words('endpoints kubia', '{.subsets[0].addresses[*].ip}')).sort()).toEqual(pods)
        expect((await reader.words('endpointslices -l kubernetes.io/service-name=kubia', '{.items[*].endpoints[*].addresses[0]}')).sort()).toEqual(pods)
      },
    },
    {
      row: 13,
      title: 'a Service without a selector leads to the addresses that are written for it',
      async perform(reader) {
        expect(await reader.types('kubectl create -f external-service.yaml')).toBe('service/external-service created\n')
        const pod = await reader.pod()
        expect(await reader.types(`kubectl exec ${pod} -- sh -c '${exitOf('http://external-service')}'`)).toBe(`${curlExit.refused}\n`)
        expect(await reader.types('kubectl create -f external-service-endpoints.yaml')).toBe('endpoints/external-service created\n')
        expect(await reader.types('kubectl get endpoints external-service')).toMatch(/ 11\.11\.11\.11:80,22\.22\.22\.22:80 /)
        await reader.until(`kubectl exec ${pod} -- sh -c 'curl -s --max-time 5 http://external-service; true'`, answer)
        await reader.types('kubectl delete endpoints external-service')
        await reader.until(`kubectl exec ${pod} -- sh -c '${exitOf('http://external-service')}'`, new RegExp(`^${curlExit.refused}\n$`))
        await reader.types('kubectl delete svc external-service')
      },
    },
    {
      row: 13,
      title: 'as it is misprinted, it is refused',
      async perform(reader) {
        expect(await reader.fails('kubectl create -f misprints/external-service.yaml')).toMatch(
          reader.kubectl.minor < 25
            ? /unknown field "name" in io.k8s.api.core.v1.Service, .*unknown field "ports" in io.k8s.api.core.v1.Service/
            : /strict decoding error: unknown field "name", unknown field "ports"/,
        )
      },
    },
    {
      row: 14,
      title: 'ExternalName is another name for a host outside',
      async perform(reader) {
        await reader.types('kubectl create -f external-service-externalname.yaml')
        expect(await reader.types('kubectl get svc external-service')).toMatch(/^external-service +ExternalName +<none> +api\.somecompany\.com +80\/TCP /m)
        const name = 'external-service.default.svc.cluster.local'
        const pod = await reader.pod()
        await reader.until(`kubectl exec ${pod} -- nslookup ${name}`, new RegExp(`^${name}\tcanonical name = api\\.somecompany\\.com\\.\n`, 'm'))
        expect(await reader.types(`kubectl exec ${pod} -- curl -s http://${name}`)).toMatch(answer)
        const misprinted = await reader.tries(`kubectl exec ${pod} -- nslookup extenal-service.default.svc.cluster.local`)
        expect(misprinted.stdout).toContain('NXDOMAIN')
        await reader.types('kubectl delete svc external-service')
      },
    },
  ],
}
