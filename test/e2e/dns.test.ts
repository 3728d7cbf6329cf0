import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DnsAsking } from '../dns-asking.ts'
import { outsideAddress, startOutsideHost } from '../outside-host.ts'
import { eventually, run, TestCluster } from '../test-cluster.ts'
import { victimsOf } from '../victims.ts'

/**
 * Names in pods, on a live cluster: rows 8, 9, 14, 23 and 24 of the chapter, with the resolvers of glibc (getent, curl,
 * Node.js), c-ares (Node.js) and busybox, and with nslookup and dig. No image on a machine without a registry has musl; what
 * is peculiar to its resolver, two questions at once from one socket, is in the tests of the server.
 */

const domain = 'svc.cluster.local'

let cluster: TestCluster
let upstream: AsyncDisposable | undefined
/** Addresses of the pods that are ready, and of the one that is not. */
let addresses: { ready: string[]; unready: string }

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-dns-${process.pid}`)
  await cluster.up('--dns-upstream', outsideAddress, '--stub-domain', `corp.example=${outsideAddress}:5353`, '--dns-log')
  upstream = await startOutsideHost(cluster)
  await cluster.kubectl('create', '-f', 'test/e2e/dns.yaml')
  await cluster.kubectl('run', 'dnsutils', '--image=tutum/dnsutils', '--command', '--', 'sleep', 'infinity')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '-l', 'app!=kubia', '--timeout=60s')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'kubia-a', 'kubia-b', '--timeout=60s')
  const unready = await eventually('an address', async () => (await cluster.words('pod/unready', '{.status.podIP}'))[0])
  addresses = { ready: await cluster.words('pods', '{.items[*].status.podIP}', '-l', 'app=kubia', '--field-selector=metadata.name!=unready'), unready }
  await eventually('all endpoints', async () => (await cluster.words('endpoints/kubia', '{.subsets[*].addresses[*].ip}')).length === 2)
})
afterAll(async () => {
  await upstream?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

/** What a command in a pod prints, whatever its exit code. */
async function inPod(pod: string, ...command: string[]): Promise<string> {
  const { stdout, stderr } = await cluster.tryKubectl('exec', pod, '--', ...command)
  return stdout + stderr
}

const shell = (pod: string, script: string) => inPod(pod, 'sh', '-c', script)
const dig = (...words: string[]) => inPod('dnsutils', 'dig', '+noall', '+answer', '+comments', '+time=3', '+tries=1', ...words)
const short = async (...words: string[]) => (await inPod('dnsutils', 'dig', '+short', '+time=3', '+tries=1', ...words)).split('\n').filter(Boolean)
const clusterIP = async (service: string) => (await cluster.words(`service/${service}`, '{.spec.clusterIP}'))[0] ?? ''

/** What has been asked of the node's DNS since it began, as `A name.` */
async function asked(): Promise<string[]> {
  const log = await readFile(join(cluster.home, 'clusters', cluster.name, 'logs', 'node-1.log'), 'utf8')
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"msg":"DNS query"')) return []
    const { type, name } = JSON.parse(line) as { type: string; name: string }
    return [`${type} ${name}`]
  })
}

async function outcomeOf(command: () => Promise<string>): Promise<{ said: string; questions: string[] }> {
  const before = (await asked()).length
  const said = await command()
  return { said, questions: (await asked()).slice(before) }
}

describe('/etc/resolv.conf (row 8)', () => {
  const searches = `search default.${domain} ${domain} cluster.local`

  test('names the cluster DNS and the search list', async () => {
    expect((await inPod('kubia-a', 'cat', '/etc/resolv.conf')).trim().split('\n').sort()).toEqual(
      ['nameserver 10.96.0.10', 'options ndots:5', searches].sort(),
    )
    expect(await cluster.words('service/kube-dns', '{.spec.clusterIP}', '-n', 'kube-system')).toEqual(['10.96.0.10'])
  })

  test('is what each policy says', async () => {
    const node = await readFile('/etc/resolv.conf', 'utf8')
    const servers = (text: string) => text.split('\n').filter((line) => line.startsWith('nameserver')).join()
    expect(servers(await inPod('default-policy', 'cat', '/etc/resolv.conf'))).toBe(servers(node))
    expect(servers(await inPod('host-network', 'cat', '/etc/resolv.conf'))).toBe(servers(node))
    expect(await inPod('host-network-first', 'cat', '/etc/resolv.conf')).toContain(searches)
    const own = await inPod('own-policy', 'cat', '/etc/resolv.conf')
    expect(own).toContain(`search default.${domain} two.example three.example four.example five.example six.example seven.example\n`)
    expect(own).toContain('options ndots:2 edns0')
    const added = await inPod('added-policy', 'cat', '/etc/resolv.conf')
    expect(added).toContain(`${searches} more.example\n`)
    expect(added).toContain('options ndots:1')
  })

  test('works, in pods of the node’s network as well', async () => {
    const ip = await clusterIP('kubia')
    expect(await inPod('own-policy', 'getent', 'hosts', 'kubia')).toContain(ip)
    expect(await inPod('host-network-first', 'nslookup', `kubia.default.${domain}`)).toContain(ip)
    // It is the last of so many search paths that old resolvers would not have read it.
    expect(await inPod('own-policy', 'getent', 'ahostsv4', 'db')).toContain('192.0.2.8')
  })

  test('/etc/hosts has the pod’s name and its aliases', async () => {
    const hosts = await inPod('kubia-a', 'cat', '/etc/hosts')
    expect(hosts).toMatch(/^# Kubernetes-managed hosts file\.\n/)
    expect(hosts).toMatch(new RegExp(`^10\\.108\\.1\\.\\d+\tfirst\\.kubia-headless\\.default\\.${domain}\tfirst$`, 'm'))
    expect(await inPod('added-policy', 'cat', '/etc/hosts')).toContain('\n# Entries added by HostAliases.\n192.0.2.7\talias.example\tother.example\n')
    expect(await inPod('host-network', 'cat', '/etc/hosts')).toContain('192.0.2.7\talias.example')
    expect(await inPod('added-policy', 'ping', '-c1', '-W1', 'other.example')).toContain('PING other.example (192.0.2.7)')
  })
})

describe('names of Services (row 9)', () => {
  const names = [`kubia.default.${domain}`, 'kubia.default', 'kubia']

  test('are found by every resolver', async () => {
    const ip = await clusterIP('kubia')
    for (const name of names) {
      expect(await inPod('kubia-a', 'curl', '-sS', `http://${name}`)).toMatch(/^You've hit (first|kubia-b)\n$/)
      expect(await inPod('dnsutils', 'getent', 'ahosts', name)).toContain(ip)
      expect(await inPod('plain', 'wget', '-qO-', `http://${name}`)).toMatch(/^You've hit (first|kubia-b)\n$/)
    }
    expect(await inPod('plain', 'nslookup', names[0] ?? '')).toContain(`Address: ${ip}`)
    const script = `
      const dns = require('dns')
      dns.lookup('kubia', (error, address) => console.log('lookup', error?.code ?? address))
      dns.resolve4('${names[0]}', (error, addresses) => console.log('resolve', error?.code ?? addresses.join()))
      dns.resolve6('${names[0]}', (error) => console.log('resolve6', error?.code))
      dns.resolveSrv('_http._tcp.${names[0]}', (error, records) => console.log('srv', error?.code ?? records[0].port))
      dns.reverse('${ip}', (error, found) => console.log('reverse', error?.code ?? found.join()))`
    const said = (await inPod('kubia-a', 'node', '-e', script)).trim().split('\n').sort()
    expect(said).toEqual([`lookup ${ip}`, `resolve ${ip}`, 'resolve6 ENODATA', `reverse ${names[0]}`, 'srv 80'].sort())
  })

  test('and the types and errors that dig shows', async () => {
    const ip = await clusterIP('kubia')
    const [first = ''] = addresses.ready
    expect(await short(`_http._tcp.kubia.default.${domain}`, 'SRV')).toEqual([`0 100 80 kubia.default.${domain}.`])
    expect(await short('-x', ip)).toEqual([`kubia.default.${domain}.`])
    expect(await short('dns-version.cluster.local', 'TXT')).toEqual(['"1.1.0"'])
    expect(await short(`${first.replaceAll('.', '-')}.default.pod.cluster.local`)).toEqual([first])
    expect(await dig(`10-108-1-250.default.pod.cluster.local`)).toContain('status: NXDOMAIN')
    expect(await dig(`empty.${domain}`)).toMatch(/status: NOERROR[^]*ANSWER: 0/)
    expect(await dig(`nowhere.${domain}`)).toContain('status: NXDOMAIN')
    expect(await dig(`kubia.default.${domain}`, 'AAAA')).toMatch(/status: NOERROR[^]*ANSWER: 0, AUTHORITY: 1/)
    expect(await dig(`KubIA.Default.${domain}`)).toContain(`KubIA.Default.${domain}.`)
    expect(await dig(`kubia.default.${domain}`, 'ANY')).toContain('status: REFUSED')
  })

  test('cost each step of the search list once, for both families together', async () => {
    const { said, questions } = await outcomeOf(() => inPod('dnsutils', 'getent', 'ahosts', 'nobody.default'))
    expect(said).not.toContain('nobody')
    const steps = ['', `.default.${domain}`, `.${domain}`, '.cluster.local'].map((end) => `nobody.default${end}.`)
    const inside = questions.filter((question) => question.endsWith('cluster.local.'))
    expect(inside.sort()).toEqual(steps.slice(1).flatMap((name) => [`A ${name}`, `AAAA ${name}`]).sort())
    expect(questions).toContain(`A ${steps[0]}`)
  })

  test('change at once with what they stand for', async () => {
    await cluster.kubectl('create', 'service', 'clusterip', 'late', '--tcp=80')
    const ip = await clusterIP('late')
    expect(await short(`late.default.${domain}`)).toEqual([ip])
    await cluster.kubectl('delete', 'service', 'late')
    await eventually('no name', async () => (await dig(`late.default.${domain}`)).includes('NXDOMAIN'))
  })
})

describe('headless Services (rows 23 and 24)', () => {
  test('are their ready pods, each the first in its turn', async () => {
    const firsts = new Set<string | undefined>()
    await eventually('each to be the first', async () => {
      const answer = await short(`kubia-headless.default.${domain}`)
      expect(answer.toSorted()).toEqual(addresses.ready.toSorted())
      return firsts.add(answer[0]).size === 2
    })
  })

  test('with publishNotReadyAddresses also those that are not', async () => {
    expect((await short(`kubia-all.default.${domain}`)).sort()).toEqual([...addresses.ready, addresses.unready].sort())
    expect(await short(`kubia-headless.default.${domain}`)).not.toContain(addresses.unready)
    await shell('unready', 'touch /var/ready')
    await eventually('the third pod', async () => (await short(`kubia-headless.default.${domain}`)).includes(addresses.unready))
    await shell('unready', 'rm /var/ready')
    await eventually('two pods', async () => !(await short(`kubia-headless.default.${domain}`)).includes(addresses.unready))
  })

  test('lead straight to a pod, also to one by its host name', async () => {
    expect(await inPod('dnsutils', 'curl', '-sS', 'http://kubia-headless:8080')).toMatch(/^You've hit (first|kubia-b)/)
    expect(await inPod('dnsutils', 'curl', '-sS', 'http://first.kubia-headless:8080')).toBe("You've hit first\n")
    const targets = (await short(`_http._tcp.kubia-headless.default.${domain}`, 'SRV')).map((line) => line.split(' ').slice(2).join(' '))
    expect(targets).toContain(`8080 first.kubia-headless.default.${domain}.`)
    expect(targets).toHaveLength(2)
  })

  test('as nslookup prints them in the chapter', async () => {
    const headless = await inPod('dnsutils', 'nslookup', 'kubia-headless')
    for (const address of addresses.ready) expect(headless).toContain(`Name:\tkubia-headless.default.${domain}\nAddress: ${address}\n`)
    expect(headless).toMatch(/^Server:\s+10\.96\.0\.10\nAddress:\s+10\.96\.0\.10#53\n/)
    const kubia = await inPod('dnsutils', 'nslookup', 'kubia')
    expect(kubia).toContain(`Name:\tkubia.default.${domain}\nAddress: ${await clusterIP('kubia')}\n`)
  })
})

describe('names outside of the cluster', () => {
  test('are answered by the upstream, over TCP where it takes it, and by that of their stub domain', async () => {
    expect(await short('api.somecompany.com')).toEqual([outsideAddress])
    expect(await short('long.somecompany.com')).toHaveLength(150)
    expect(await short('db.corp.example')).toEqual(['192.0.2.7'])
    expect(await dig('nobody.somecompany.com')).toContain('status: NXDOMAIN')
    expect(await inPod('dnsutils', 'curl', '-sS', 'http://api.somecompany.com')).toBe('some company\n')
  })

  test('are what ExternalName leads to (row 14)', async () => {
    expect(await short(`external-service.default.${domain}`)).toEqual(['api.somecompany.com.', outsideAddress])
    expect(await inPod('dnsutils', 'nslookup', 'external-service')).toContain(
      `external-service.default.${domain}\tcanonical name = api.somecompany.com.\nName:\tapi.somecompany.com\nAddress: ${outsideAddress}\n`,
    )
    expect(await inPod('dnsutils', 'curl', '-sS', 'http://external-service')).toBe('some company\n')
  })

  test('fail where nobody is there to be asked, and those inside do not', async () => {
    await upstream?.[Symbol.asyncDispose]()
    expect(await dig('other.somecompany.com')).toContain('status: SERVFAIL')
    expect(await dig('other.corp.example')).toContain('status: SERVFAIL')
    // With what is known of it still.
    expect(await short('api.somecompany.com')).toEqual([outsideAddress])
    expect(await inPod('dnsutils', 'curl', '-sS', '--max-time', '20', 'http://other.somecompany.com')).toContain('Could not resolve host')
    expect(await short(`kubia.default.${domain}`)).toEqual([await clusterIP('kubia')])
    upstream = await startOutsideHost(cluster)
    await eventually('an answer', async () => (await dig('another.somecompany.com')).includes('NXDOMAIN'))
  })
})

describe('the server', () => {
  const metrics = async () => (await cluster.portolan('node', 'exec', 'node-1', '--', 'curl', '-s', 'http://192.168.99.11:9153/metrics')).stdout
  const counted = (text: string, name: string) => Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1])

  /** What dig gets on the node itself, for which neither the API nor the agent is needed. */
  const onNode = async (...words: string[]) => (await cluster.portolan('node', 'exec', 'node-1', '--', 'dig', '@10.96.0.10', '+time=3', '+tries=1', ...words)).stdout

  test('tells that it is ready, and what it has done', async () => {
    const { stdout } = await cluster.portolan('node', 'exec', 'node-1', '--', 'curl', '-s', 'http://192.168.99.11:9153/ready')
    expect(stdout).toBe('OK')
    const text = await metrics()
    expect(text).toContain('coredns_dns_responses_total{server="dns://10.96.0.10:53",zone="cluster.local.",view="",rcode="NXDOMAIN"} ')
    expect(text).toContain(`coredns_proxy_request_duration_seconds_count{proxy_name="forward",to="${outsideAddress}:53",rcode="NOERROR"} `)
    expect(text).toContain('\nportolan_dns_ready 1\n')
  })

  test('says nothing to those outside, even where they find a way to it', async () => {
    const before = counted(await metrics(), 'coredns_acl_dropped_requests_total')
    await run('ip', ['-n', `portolan-${cluster.name}-edge`, 'route', 'add', '10.96.0.10', 'via', '192.168.99.11'])
    const ask = ['client', '--', 'dig', '@10.96.0.10', '+tries=1', '+time=1', `kubia.default.${domain}`]
    expect((await cluster.tryPortolan(...ask)).stdout).toContain('no servers could be reached')
    expect(counted(await metrics(), 'coredns_acl_dropped_requests_total')).toBe(before + 1)
  })

  test('goes on while the API server is away, with what it knew', async () => {
    const server = (await victimsOf(cluster.name)).find(({ kind }) => kind === 'server')
    const ip = await clusterIP('kubia')
    process.kill(server?.pid ?? 0, 'SIGSTOP')
    try {
      expect(await onNode('+short', `kubia.default.${domain}`)).toBe(`${ip}\n`)
      expect(await onNode(`nobody.default.${domain}`)).toContain('status: NXDOMAIN')
      expect(await onNode('+short', '-x', ip)).toBe(`kubia.default.${domain}.\n`)
    } finally {
      process.kill(server?.pid ?? 0, 'SIGCONT')
    }
  })

  test('comes back from the dead without a wrong answer', async () => {
    const agent = async () => (await victimsOf(cluster.name)).find(({ kind }) => kind === 'agent')?.pid
    const [pid, ip] = [await agent(), await clusterIP('kubia')]
    await using asking = await DnsAsking.begin(cluster, 'node-1', `kubia.default.${domain}`)
    process.kill(pid ?? 0, 'SIGKILL')
    await eventually('another agent', async () => ![undefined, pid].includes(await agent()))
    await eventually('an answer', async () => {
      const { stdout } = await cluster.tryPortolan('node', 'exec', 'node-1', '--', 'curl', '-s', 'http://192.168.99.11:9153/ready')
      return stdout === 'OK'
    })
    expect(await onNode('+short', `kubia.default.${domain}`)).toBe(`${ip}\n`)
    const { answers, failures } = await asking.end()
    expect(answers).toBeGreaterThan(10)
    // While nobody listens the kernel says so; nobody is told that there is no such name, or that it cannot be known.
    expect(Object.keys(failures).filter((failure) => failure !== 'ECONNREFUSED')).toEqual([])
  })
})

describe('DNS by itself', () => {
  let dns: ChildProcess | undefined
  afterAll(() => void dns?.kill('SIGTERM'))

  const inside = (...words: string[]) => cluster.tryPortolan('client', '--', ...words)
  const ask = async (...words: string[]) => (await inside('dig', `@${outsideAddress}`, '-p', '5300', '+time=3', '+tries=1', ...words)).stdout

  test('answers for any API, anywhere', async () => {
    const kubeconfig = join(cluster.home, 'inside.kubeconfig')
    const own = await readFile(String(cluster.environment['KUBECONFIG']), 'utf8')
    await writeFile(kubeconfig, own.replace(/server: .*/, 'server: https://192.168.99.1:6443'))
    const where = ['--kubeconfig', kubeconfig, '--listen', `${outsideAddress}:5300`, '--metrics', outsideAddress]
    const words = ['dns', ...where, '--no-dns-upstream', '--dns-pods', 'insecure', '--dns-ttl', '30']
    dns = spawn('./portolan', ['client', '--name', cluster.name, '--', './portolan', ...words], { env: cluster.environment, stdio: 'ignore' })
    await eventually('readiness', async () => (await inside('curl', '-s', `http://${outsideAddress}:9153/ready`)).stdout === 'OK')
    expect(await ask('+noall', '+answer', `kubia.default.${domain}`)).toMatch(new RegExp(`\\s30\\s+IN\\s+A\\s+${await clusterIP('kubia')}\n`))
    expect(await ask('+short', '1-2-3-4.default.pod.cluster.local')).toBe('1.2.3.4\n')
    expect(await ask('api.somecompany.com')).toContain('status: SERVFAIL')
    // Nodes are known from the API.
    const fromNode = await cluster.portolan('node', 'exec', 'node-1', '--', 'dig', `@${outsideAddress}`, '-p', '5300', '+short', '+time=3', '+tries=1', `kubia.default.${domain}`)
    expect(fromNode.stdout.trim()).toBe(await clusterIP('kubia'))
  })

  test('says what is wrong with its options, and with its address', async () => {
    const { code, stderr } = await run('./portolan', ['dns', '--listen', '127.0.0.1'], cluster.environment)
    expect([code, stderr]).toEqual([1, 'portolan: give --kubeconfig FILE, how to reach the API\n'])
    const kubeconfig = join(cluster.home, 'inside.kubeconfig')
    const taken = await inside('./portolan', 'dns', '--kubeconfig', kubeconfig, '--listen', `${outsideAddress}:5300`, '--no-dns-upstream')
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining(`cannot serve DNS on ${outsideAddress}:5300: `) })
  })
})
