import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { outsideAddress, startOutsideHost } from '../outside-host.ts'
import { ask } from '../requests.ts'
import { rolloutManifest } from '../rollout-manifest.ts'
import { eventually, run, TestCluster } from '../test-cluster.ts'
import { victimsOf } from '../victims.ts'

/** Ingresses on a live cluster, from the outside: the chapter's, hosts and paths, certificates, and changes under load. */

const address = '203.0.113.3'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-ingress-${process.pid}`)
  await cluster.up('--dns-upstream', outsideAddress)
  outsideHost = await startOutsideHost(cluster)
  const file = join(cluster.home, 'rollout.json')
  await writeFile(file, JSON.stringify(rolloutManifest({ replicas: 3, withdrawFirst: true, withIngress: false })))
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('create', '-f', 'test/e2e/ingress.yaml')
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/echo', '--timeout=60s')
  await eventually('what is behind it', async () => (await curl('http://foo.example.com/echo')).code === 200)
})
let outsideHost: AsyncDisposable | undefined
afterAll(async () => {
  await outsideHost?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

/** From outside; names are those of the ingress. The certificate is believed, whosever it is. */
async function curl(url: string, ...options: string[]): Promise<{ code: number; body: string }> {
  const { hostname, port, protocol } = new URL(url)
  const number = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  const words = ['curl', '-sk', '--max-time', '10', '--resolve', `${hostname}:${number}:${address}`, '-w', '\\n%{http_code}', ...options, url]
  const { stdout } = await cluster.portolan('client', '--', ...words)
  const [, body = '', code] = /^([\s\S]*)\n(\d+)\s*$/.exec(stdout) ?? []
  return { code: Number(code), body }
}

async function echoed(url: string, ...options: string[]) {
  return JSON.parse((await curl(url, ...options)).body) as { url: string; headers: Record<string, string> }
}

/** The name in the certificate that is shown to those who ask for the host. */
async function shown(host: string): Promise<string> {
  const command = `openssl s_client -connect ${address}:443 -servername ${host} </dev/null 2>/dev/null | openssl x509 -noout -subject -nameopt multiline`
  const { stdout } = await cluster.portolan('client', '--', 'sh', '-c', command)
  return /commonName *= (.*)/.exec(stdout)?.[1] ?? ''
}

async function newCertificate(name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(cluster.home, `${name}.cert`), join(cluster.home, `${name}.key`)]
  const made = await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert])
  expect(made.code).toBe(0)
  return { cert, key }
}

async function apply(object: object): Promise<void> {
  const file = join(cluster.home, 'object.json')
  await writeFile(file, JSON.stringify(object))
  await cluster.kubectl('apply', '-f', file)
}

function withCertificate(name: string, host: string): object {
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'echo', port: { number: 80 } } } }]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name },
    spec: { tls: [{ hosts: [host], secretName: `${name}-secret` }], rules: [{ host, http: { paths } }] },
  }
}

describe('the chapter', () => {
  test('its Ingress is served at an address that kubectl shows', async () => {
    const [header = '', row = ''] = (await cluster.kubectl('get', 'ingresses', 'kubia')).split('\n')
    expect(header.split(/ +/).slice(0, 5)).toEqual(['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS'])
    expect(row.split(/ +/).slice(0, 5)).toEqual(['kubia', 'portolan', 'kubia.example.com', address, '80'])
    expect((await curl('http://kubia.example.com/')).body).toMatch(/^You've hit web-/)
    const byHeader = await cluster.portolan('client', '--', 'curl', '-s', '-H', 'Host: kubia.example.com', `http://${address}/`)
    expect(byHeader.stdout).toMatch(/^You've hit web-/)
  })

  test('its certificate from a Secret; the pod sees plain HTTP and what the client was', async () => {
    const { cert, key } = await newCertificate('kubia.example.com')
    await cluster.kubectl('create', 'secret', 'tls', 'tls-secret', `--cert=${cert}`, `--key=${key}`)
    const tls = { spec: { tls: [{ hosts: ['kubia.example.com'], secretName: 'tls-secret' }] } }
    await cluster.kubectl('patch', 'ingress', 'kubia', '--type=merge', '-p', JSON.stringify(tls))
    await eventually('its certificate', async () => (await shown('kubia.example.com')) === 'kubia.example.com')
    expect((await curl('https://kubia.example.com/')).body).toMatch(/^You've hit web-/)
    expect(await cluster.words('ingress/kubia', '{.spec.tls[0].secretName}')).toEqual(['tls-secret'])
    expect((await echoed('https://x.bar.example.com/')).headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.2',
      'x-forwarded-host': 'x.bar.example.com',
      'x-forwarded-port': '443',
    })
  })

  test('pods reach it, too', async () => {
    const ask = (url: string) => cluster.kubectl('exec', 'client', '--', 'curl', '-s', '-H', 'Host: kubia.example.com', url)
    expect(await ask(`http://${address}/`)).toMatch(/^You've hit web-/)
    expect(await ask('http://portolan-ingress.kube-system/')).toMatch(/^You've hit web-/)
  })
})

describe('hosts and paths', () => {
  test.for([
    ['http://foo.example.com/echo', 'echo'],
    ['http://foo.example.com/echo/below?x=1', 'echo'],
    ['http://foo.example.com/exact', 'echo'],
    ['http://foo.example.com/kubia', 'web'],
    ['http://any.bar.example.com/where/ever', 'echo'],
    ['https://any.bar.example.com/where/ever', 'echo'],
  ])('%s is served by %s', async ([url = '', service]) => {
    const { code, body } = await curl(url)
    expect([code, body.startsWith("You've hit web-") ? 'web' : 'echo']).toEqual([200, service])
  })

  test.for([
    ['http://foo.example.com/', 404, 'portolan: no rule for the host foo.example.com matches the path /\n'],
    ['http://foo.example.com/exact/', 404, 'portolan: no rule for the host foo.example.com matches the path /exact/\n'],
    ['http://foo.example.com/echoes', 404, 'portolan: no rule for the host foo.example.com matches the path /echoes\n'],
    ['http://a.any.bar.example.com/', 404, 'portolan: no Ingress has a rule for the host a.any.bar.example.com\n'],
    ['http://foreign.example.com/', 404, 'portolan: no Ingress has a rule for the host foreign.example.com\n'],
    ['http://foo.example.com/nobody', 503, 'portolan: the Service default/nobody has no ready endpoint for its port 80\n'],
  ] as const)('%s is refused with %s', async ([url, code, body]) => {
    expect(await curl(url)).toEqual({ code, body })
  })

  test('an Ingress of another class is nobody’s here', async () => {
    expect(await cluster.words('ingress/foreign', '{.status.loadBalancer.ingress}')).toEqual([])
  })
})

describe('certificates', () => {
  test('a Secret that is missing or bad is told by kubectl describe, and other hosts are served', async () => {
    await apply(withCertificate('secure', 'secure.example.com'))
    const described = () => cluster.kubectl('describe', 'ingress', 'secure')
    await eventually('an Event', async () => (await described()).includes('SecretNotFound'))
    const [one, two] = [await newCertificate('one'), await newCertificate('two')]
    await cluster.kubectl('create', 'secret', 'generic', 'secure-secret', '--type=kubernetes.io/tls', `--from-file=tls.crt=${one.cert}`, `--from-file=tls.key=${two.key}`)
    await eventually('another', async () => (await described()).includes('its tls.key is not the key of its tls.crt'))
    expect(await shown('kubia.example.com')).toBe('kubia.example.com')
    expect(await shown('secure.example.com')).toContain('default certificate')
    expect((await curl('https://secure.example.com/')).code).toBe(200)
  })

  test('a good one that comes is shown, and so is the next', async () => {
    for (const name of ['first', 'second']) {
      const { cert, key } = await newCertificate(name)
      await cluster.kubectl('delete', 'secret', 'secure-secret')
      await cluster.kubectl('create', 'secret', 'tls', 'secure-secret', `--cert=${cert}`, `--key=${key}`)
      await eventually(name, async () => (await shown('secure.example.com')) === name)
    }
  })
})

describe('Services of type ExternalName', () => {
  const external = (name: string, externalName: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'ExternalName', externalName } })

  test('a name outside is asked of the cluster’s name servers', async () => {
    await apply(external('company', 'api.somecompany.com'))
    await cluster.kubectl('create', 'ingress', 'company', '--rule=company.example.com/*=company:80')
    await eventually('the host outside', async () => (await curl('http://company.example.com/')).body === 'some company\n')
  })

  test('a name of the cluster leads to the endpoints of that Service, in whatever namespace', async () => {
    await cluster.kubectl('create', 'namespace', 'front')
    await apply({ ...external('alias', 'echo.default.svc.cluster.local'), metadata: { name: 'alias', namespace: 'front' } })
    await cluster.kubectl('create', 'ingress', 'alias', '-n', 'front', '--rule=alias.example.com/*=alias:80')
    await eventually('the echo', async () => (await echoed('http://alias.example.com/x')).url === '/x')
  })

  test.for([
    ['circle', 'portolan-ingress.kube-system.svc.cluster.local', '192.168.99.1:80|203.0.113.3:80'],
    ['circle-by-address', address, '203.0.113.3:80'],
  ] as const)('%s, which leads back to the ingress by %s, is told and not followed', async ([name, externalName, where]) => {
    await apply({ ...external(name, externalName), spec: { type: 'ExternalName', externalName, ports: [{ port: 80 }] } })
    await cluster.kubectl('create', 'ingress', name, `--rule=${name}.example.com/*=${name}:80`)
    const told = new RegExp(`RequestLoop .*Service default/${name} leads to (${where}), which is this ingress itself`)
    await eventually('an Event', async () => told.test(await cluster.kubectl('describe', 'ingress', name)))
    const body = `portolan: the Service default/${name} has no ready endpoint for its port 80\n`
    await eventually('503', async () => isDeepStrictEqual(await curl(`http://${name}.example.com/`), { code: 503, body }))
  })

  test('one that leads nowhere is told', async () => {
    await apply(external('nowhere', 'nowhere.example'))
    await cluster.kubectl('create', 'ingress', 'nowhere', '--rule=nowhere.example.com/*=nowhere:80')
    await eventually('an Event', async () => /NameNotResolved .*nowhere.example of Service default\/nowhere leads nowhere/.test(await cluster.kubectl('describe', 'ingress', 'nowhere')))
    await eventually('that nobody serves it', async () => (await curl('http://nowhere.example.com/')).code === 503)
  })
})

test('no request is lost while pods, routes and certificates change', async () => {
  await apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'any' },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  })
  await eventually('the default backend', async () => (await curl(`http://unknown.example.com/`)).code === 200)
  const load = { url: `http://${address}/`, count: 2_400, perSecond: 200, concurrency: 4 }
  const asking = Promise.all((['new', 'keep-alive'] as const).map((connections) => ask(cluster, 'outside', { ...load, connections })))
  await cluster.kubectl('set', 'env', 'deployment/web', 'TURN=1')
  for (const turn of [1, 2, 3]) {
    await apply(withCertificate(`turn-${turn}`, `turn-${turn}.example.com`))
    const { cert, key } = await newCertificate(`turn-${turn}.example.com`)
    await cluster.kubectl('create', 'secret', 'tls', `turn-${turn}-secret`, `--cert=${cert}`, `--key=${key}`)
    await cluster.kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8080', `--name=web-${turn}`)
    await cluster.kubectl('create', 'ingress', `new-${turn}`, `--rule=new-${turn}.example.com/*=web-${turn}:80`)
    await eventually(`route ${turn}`, async () => (await curl(`http://new-${turn}.example.com/`)).body.startsWith("You've hit web-"))
  }
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await cluster.kubectl('scale', 'deployment/web', '--replicas=1')
  expect((await asking).map(({ failures }) => failures)).toEqual([{}, {}])
})

/** A connection from outside that a pod sends everything back on, and what has come. */
function upgraded(): { readonly child: ChildProcess; readonly heard: () => string } {
  const program = `const socket = require('net').connect(80, '${address}'); process.stdin.pipe(socket); socket.pipe(process.stdout)`
  const child = spawn('./portolan', ['client', '--name', cluster.name, '--', process.execPath, '-e', program], { env: cluster.environment, stdio: ['pipe', 'pipe', 'inherit'] })
  let heard = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => (heard += piece))
  child.stdin?.write('GET /echo HTTP/1.1\r\nHost: foo.example.com\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  return { child, heard: () => heard }
}

test('when the edge dies nothing is lost: requests under way, kept connections, and upgraded ones', async () => {
  const edge = async () => (await victimsOf(cluster.name)).find(({ kind }) => kind === 'edge')?.pid
  await cluster.kubectl('scale', 'deployment/web', '--replicas=3')
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  const { child, heard } = upgraded()
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.stdin?.end()
    await ended
  })
  await eventually('the upgrade', async () => heard().startsWith('HTTP/1.1 101 '))
  const underWay = curl('http://foo.example.com/echo/slow')
  const load = { url: `http://${address}/`, count: 2_400, perSecond: 120, concurrency: 4 }
  const asking = Promise.all((['new', 'keep-alive'] as const).map((connections) => ask(cluster, 'outside', { ...load, connections })))
  const before = await edge()
  process.kill(before ?? NaN, 'SIGKILL')
  await cluster.kubectl('set', 'env', 'deployment/web', 'TURN=2')
  await eventually('another edge', async () => ![before, undefined].includes(await edge()))
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  expect((await underWay).code).toBe(200)
  expect((await asking).map(({ failures }) => failures)).toEqual([{}, {}])
  child.stdin?.write('still there?')
  await eventually('what was sent', async () => heard().endsWith('still there?'))
})

test('it runs by itself for any API that a kubeconfig leads to', async () => {
  const kubeconfig = join(cluster.home, 'inside')
  const inside = (await readFile(join(cluster.home, 'kubeconfig'), 'utf8')).replace(/https:\/\/127.0.0.1:\d+/, 'https://192.168.99.1:6443')
  await writeFile(kubeconfig, inside)
  const options = ['--kubeconfig', kubeconfig, '--http-port', '8081', '--https-port', '8444', '--access-log', '--metrics', '127.0.0.1:8404']
  const words = ['node', 'exec', '--name', cluster.name, 'node-1', '--', './portolan', 'ingress', ...options]
  const ingress = spawn('./portolan', words, { env: cluster.environment, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(ingress, 'exit')
  onTestFinished(async () => {
    ingress.kill('SIGTERM')
    await ended
  })
  let requests = ''
  ingress.stdout.setEncoding('utf8').on('data', (piece: string) => (requests += piece))
  const asks = ['curl', '-s', '-H', 'Host: foo.example.com', 'http://192.168.99.11:8081/echo/alone']
  await eventually('its answer', async () => (await cluster.portolan('client', '--', ...asks)).stdout.includes('/echo/alone'))
  await eventually('its access log', async () => requests.includes('\n'))
  expect(JSON.parse(requests.split('\n')[0] ?? '')).toMatchObject({ host: 'foo.example.com', path: '/echo/alone', client: '203.0.113.2' })
  const metrics = await cluster.portolan('node', 'exec', 'node-1', '--', 'curl', '-s', 'http://127.0.0.1:8404/metrics')
  expect(metrics.stdout).toContain('haproxy_backend_http_responses_total{proxy="default_echo_80",code="2xx"}')
  // It ends when it is told to, although the API has vanished without a word.
  const server = (await victimsOf(cluster.name)).find(({ kind }) => kind === 'server')?.pid ?? NaN
  process.kill(server, 'SIGSTOP')
  onTestFinished(() => void process.kill(server, 'SIGCONT'))
  const toldMs = performance.now()
  ingress.kill('SIGTERM')
  await ended
  expect(performance.now() - toldMs).toBeLessThan(7_000)
})

test('a bad annotation is told, and that it is gone; what is deleted is gone', async () => {
  await cluster.kubectl('annotate', 'ingress', 'fan-out', 'portolan.dev/ssl-redirect=perhaps')
  const said = 'annotation portolan.dev/ssl-redirect: "perhaps" must be "true" or "false"'
  const described = () => cluster.kubectl('describe', 'ingress', 'fan-out')
  await eventually('an Event', async () => (await described()).includes(said))
  await cluster.kubectl('annotate', 'ingress', 'fan-out', 'portolan.dev/ssl-redirect-')
  await eventually('an Event that says so', async () => (await described()).includes('Nothing is wrong with this Ingress any more'))
  await cluster.kubectl('delete', 'ingress', 'any', 'kubia')
  await eventually('nobody', async () => (await curl('http://kubia.example.com/')).code === 404)
})
