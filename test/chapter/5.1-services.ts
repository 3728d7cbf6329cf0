import { expect } from 'vitest'
import { run } from '../test-cluster.ts'
import { curlExit, exitOf, hits, type Reader, requests } from './reader.ts'
import type { Section } from './row.ts'

export const services: Section = {
  title: '5.1 Services',
  rows: [
    {
      row: 1,
      title: 'kubectl expose gives an address that answers',
      async perform(reader) {
        expect(await reader.types('kubectl create -f kubia-rc.yaml')).toBe('replicationcontroller/kubia created\n')
        await reader.types('kubectl wait --for=condition=Ready pod -l app=kubia --timeout=60s')
        expect(await reader.types('kubectl expose rc kubia --type=LoadBalancer --name kubia-http')).toBe('service/kubia-http exposed\n')
        const columns = /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\n/
        expect(await reader.types('kubectl get services')).toMatch(columns)
        const [table, address] = await reader.until('kubectl get svc', /^kubia-http +LoadBalancer +10\.\S+ +(203\.0\.113\.\d+) +8080:3\d{4}\/TCP +\d+s$/m)
        expect(table).not.toContain('<pending>')
        expect(await reader.types('kubectl get svc kubernetes')).toMatch(/^kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP /m)
        expect(await answersOutside(reader, `http://${address}:8080`)).toEqual(await reader.pods())
      },
    },
    {
      row: 2,
      title: 'a Service from YAML',
      async perform(reader) {
        expect(await reader.types('kubectl create -f kubia-svc.yaml')).toBe('service/kubia created\n')
        expect(await reader.types('kubectl get svc')).toMatch(/^kubia +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP +\d+s$/m)
      },
    },
    {
      row: 3,
      title: 'answers at its address from a pod and from a node, each pod in its turn',
      async perform(reader) {
        const url = `http://${await reader.clusterIP('kubia')}`
        const pod = await reader.pod()
        expect(await reader.types(`kubectl exec ${pod} -- curl -s ${url}`)).toMatch(/^You've hit kubia-\w{5}\n$/)
        expect(await answersInPod(reader, pod, url)).toEqual(await reader.pods())
        expect(hits(await reader.at('node-2', requests(url)))).toEqual(await reader.pods())
      },
    },
    {
      row: 4,
      title: 'sessionAffinity: ClientIP leads a client to one pod, None to all',
      async perform(reader) {
        const pod = await reader.pod()
        const url = `http://${await reader.clusterIP('kubia')}`
        await reader.types('kubectl apply -f kubia-svc-session-affinity.yaml')
        await reader.until(`kubectl exec ${pod} -- sh -c '${requests(url)} | sort | uniq | wc -l'`, /^1\n$/)
        expect(await reader.word('svc kubia', '{.spec.sessionAffinityConfig.clientIP.timeoutSeconds}')).toBe('10800')
        await reader.types(`kubectl patch svc kubia -p '{"spec":{"sessionAffinity":"None"}}'`)
        await reader.until(`kubectl exec ${pod} -- sh -c '${requests(url)} | sort | uniq | wc -l'`, /^3\n$/)
      },
    },
    {
      row: 4,
      title: 'a client is forgotten after timeoutSeconds; datagrams have affinity, too',
      once: true,
      async perform(reader) {
        const [first = '', second = ''] = await reader.pods()
        const affinity = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } }
        await reader.types(`kubectl patch svc kubia -p '${JSON.stringify({ spec: affinity })}'`)
        const url = `http://${await reader.clusterIP('kubia')}`
        await reader.until(`kubectl exec ${first} -- sh -c '${requests(url)} | sort | uniq | wc -l'`, /^1\n$/)
        const seldom = `for i in $(seq 20); do curl -s ${url} | tee -a /tmp/visits; test $(sort /tmp/visits | uniq | wc -l) = 1 || break; sleep 1.3; done`
        const [visits, answers] = await Promise.all([
          reader.types(`kubectl exec ${first} -- sh -c '${seldom}'`),
          reader.types(`kubectl exec ${second} -- node -e "${askByDatagrams}" ${await reader.clusterIP('datagrams -n more')}`),
        ])
        expect(hits(visits).length).toBeGreaterThan(1)
        expect(answers).toMatch(/^(datagrams-\w{5}\n)\1{19}$/)
        await reader.types(`kubectl patch svc kubia -p '{"spec":{"sessionAffinity":"None"}}'`)
      },
    },
    {
      row: 5,
      title: 'two ports have names; without one they are refused',
      async perform(reader) {
        await reader.types('kubectl apply -f kubia-svc-two-ports.yaml')
        expect(await reader.types('kubectl get svc kubia')).toMatch(/ 80\/TCP,443\/TCP /)
        const unnamed = `kubectl patch svc kubia --type=json -p '[{"op":"remove","path":"/spec/ports/1/name"}]'`
        expect(await reader.fails(unnamed)).toContain('spec.ports[1].name: Required value')
        await reader.types('kubectl delete svc kubia && kubectl create -f kubia-svc.yaml')
      },
    },
    {
      row: 5,
      title: 'as it is misprinted, it is refused',
      async perform(reader) {
        expect(await reader.fails('kubectl create -f misprints/kubia-svc-two-ports.yaml')).toMatch(
          reader.kubectl.minor < 25
            ? /ValidationError\(Service.metadata\): invalid type for .*ObjectMeta: got "string", expected "map"/
            : /cannot unmarshal string into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta/,
        )
      },
    },
    {
      row: 6,
      title: 'a target port has the name of a container’s port',
      async perform(reader) {
        await reader.types('kubectl create -f kubia-named-ports.yaml -f kubia-svc-named-ports.yaml')
        await reader.until('kubectl get endpoints kubia-named-ports', /^kubia-named-ports +([\d.]+):8443,\1:8080 |^kubia-named-ports +([\d.]+):8080,\2:8443 /m)
        const url = `http://${await reader.clusterIP('kubia-named-ports')}`
        await reader.until(`kubectl exec ${await reader.pod()} -- sh -c 'curl -s ${url}; true'`, /^You've hit kubia-named-ports\n$/)
      },
    },
    {
      row: 6,
      title: 'and a number of its own in each pod',
      once: true,
      async perform(reader) {
        await reader.until('kubectl get endpoints numbers -n more', /[\d.]+:(8080,[\d.]+:9090|9090,[\d.]+:8080) /)
        const pod = await reader.pod()
        await reader.until(`kubectl exec ${pod} -- sh -c '${requests('http://numbers.more')} | sort | uniq'`, /^You've hit on-8080\nYou've hit on-9090\n$/)
      },
    },
    {
      row: 7,
      title: 'a container that starts after a Service has it in its environment, one that started before has not',
      async perform(reader) {
        const pod = await reader.pod()
        expect(await reader.types(`kubectl exec ${pod} -- env`)).not.toContain('KUBIA_SERVICE_HOST')
        await reader.types('kubectl create service clusterip backend-database --tcp=5432')
        await reader.types('kubectl run later --image=busybox --restart=Never --command -- sleep infinity')
        await reader.types(`kubectl run fewer --image=busybox --restart=Never --overrides='{"spec":{"enableServiceLinks":false}}' --command -- sleep infinity`)
        await reader.types('kubectl wait --for=condition=Ready pod later fewer --timeout=60s')
        const variables = (await reader.types('kubectl exec later -- env')).split('\n')
        const [kubia, database] = [await reader.clusterIP('kubia'), await reader.clusterIP('backend-database')]
        expect(variables).toEqual(expect.arrayContaining([
          `KUBIA_SERVICE_HOST=${kubia}`,
          'KUBIA_SERVICE_PORT=80',
          `KUBIA_PORT=tcp://${kubia}:80`,
          `KUBIA_PORT_80_TCP_ADDR=${kubia}`,
          `BACKEND_DATABASE_SERVICE_HOST=${database}`,
          'BACKEND_DATABASE_SERVICE_PORT=5432',
          'BACKEND_DATABASE_SERVICE_PORT_5432=5432',
          'KUBERNETES_SERVICE_HOST=10.96.0.1',
          'KUBERNETES_SERVICE_PORT=443',
          'KUBERNETES_SERVICE_PORT_HTTPS=443',
        ]))
        const few = (await reader.types('kubectl exec fewer -- env')).split('\n').filter((line) => line.includes('_SERVICE_HOST='))
        expect(few).toEqual(['KUBERNETES_SERVICE_HOST=10.96.0.1'])
      },
    },
    {
      row: 7,
      title: 'exec without -- is what it was, or says what to type',
      async perform(reader) {
        const old = 'kubectl exec later env'
        if (reader.kubectl.minor < 31) expect(await reader.types(old)).toContain('KUBIA_SERVICE_PORT=80\n')
        else expect(await reader.fails(old)).toContain('exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead')
        await reader.types('kubectl delete pod later fewer --now && kubectl delete svc backend-database')
      },
    },
    {
      row: 8,
      title: '/etc/resolv.conf leads to cluster DNS',
      async perform(reader) {
        const text = await reader.types(`kubectl exec ${await reader.pod()} -- cat /etc/resolv.conf`)
        expect(text).toContain('search default.svc.cluster.local svc.cluster.local cluster.local\n')
        expect(text).toContain('nameserver 10.96.0.10\n')
        expect(await reader.types('kubectl get svc -n kube-system kube-dns')).toMatch(/^kube-dns +ClusterIP +10\.96\.0\.10 +<none> +53\/UDP,53\/TCP/m)
      },
    },
    {
      row: 8,
      title: 'or where the policy of the pod says',
      once: true,
      async perform(reader) {
        await reader.types('kubectl wait -n more --for=condition=Ready pod policy-default policy-none policy-host --timeout=60s')
        const { stdout: own } = await run('cat', ['/etc/resolv.conf'])
        const servers = (text: string) => text.split('\n').filter((line) => line.startsWith('nameserver'))
        const file = (pod: string) => reader.types(`kubectl exec -n more ${pod} -- cat /etc/resolv.conf`)
        expect(servers(await file('policy-default'))).toEqual(servers(own))
        expect(await file('policy-none')).toMatch(/^search default\.svc\.cluster\.local$/m)
        expect(await file('policy-none')).toMatch(/^options ndots:2$/m)
        expect(await file('policy-host')).toContain('search more.svc.cluster.local svc.cluster.local cluster.local\n')
        for (const pod of ['policy-none', 'policy-host']) {
          const kubia = pod === 'policy-none' ? 'kubia' : 'kubia.default'
          expect(await reader.types(`kubectl exec -n more ${pod} -- wget -q -O - http://${kubia}`)).toMatch(/^You've hit kubia-/)
        }
      },
    },
    {
      row: 9,
      title: 'answers by every form of its name',
      async perform(reader) {
        const urls = ['http://kubia.default.svc.cluster.local', 'http://kubia.default', 'http://kubia']
        const said = await reader.types(`kubectl exec ${await reader.pod()} -- curl -s ${urls.join(' ')}`)
        expect(said).toMatch(/^(You've hit kubia-\w{5}\n){3}$/)
      },
    },
    {
      row: 10,
      title: 'exec -it is a shell: prompt, size, Ctrl-C, exit code',
      async perform(reader) {
        const pod = await reader.pod()
        // Before it the shell may tell the terminal what it wants of it.
        const prompt = `[^]*root@${pod}:/# $`
        await using shell = reader.startOnTerminal('exec', '-it', pod, '--', 'bash')
        const [, device = ''] = await shell.says(/^(\/dev\/\S+)/)
        await shell.says(new RegExp(prompt))
        shell.type('curl http://kubia\n')
        await shell.says(new RegExp(`You've hit kubia-\\w{5}\\s${prompt}`))
        shell.type('until test "$(stty size)" = "44 120"; do sleep 0.1; done; echo si""zed\n')
        await run('stty', ['-F', device, 'rows', '44', 'cols', '120'])
        await shell.says(new RegExp(`\\ssized\\s${prompt}`))
        // It says so itself: bash may miss a Ctrl-C between two commands.
        shell.type('sh -c "echo sleep\'\'ing; exec sleep 1000"\n')
        await shell.says(/sleeping\s/)
        shell.type('\x03')
        await shell.says(new RegExp(`sleeping\\s${prompt}`))
        shell.type('echo inter""rupted with $?\n')
        await shell.says(new RegExp(`interrupted with 130\\s${prompt}`))
        shell.type('exit 7\n')
        expect(await shell.end()).toBe(7)
      },
    },
    {
      row: 11,
      title: 'its address answers no ping, and refuses other ports at once',
      async perform(reader) {
        const [pod, address] = [await reader.pod(), await reader.clusterIP('kubia')]
        const { code, stdout } = await reader.tries(`kubectl exec ${pod} -- ping -c 1 -W 1 ${address}`)
        expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('0 packets received') })
        expect(await reader.types(`kubectl exec ${pod} -- sh -c '${exitOf(`http://${address}:81`)}'`)).toBe(`${curlExit.refused}\n`)
      },
    },
  ],
}

/** Prints who answered each of twenty datagrams. Its argument: the address. */
const askByDatagrams =
  `const s = require('dgram').createSocket('udp4'); let n = 0; const ask = () => s.send('?', 53, process.argv[1]); ` +
  `s.on('message', (m) => { console.log(String(m)); ++n === 20 ? s.close() : ask() }); ask()`

async function answersInPod(reader: Reader, pod: string, url: string): Promise<string[]> {
  return hits(await reader.types(`kubectl exec ${pod} -- sh -c '${requests(url)}'`))
}

async function answersOutside(reader: Reader, url: string): Promise<string[]> {
  return hits(await reader.at('outside', requests(url)))
}
