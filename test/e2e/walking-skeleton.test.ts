import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, run, TestCluster } from '../test-cluster.ts'

/** The opening of the chapter, typed into stock kubectl, on a live cluster. Steps build on one another, in order. */

const podNames = '{.items[*].metadata.name}'
const podAddresses = '{.items[*].status.podIP}'
/** Enough requests that a pod of three is left out by chance once in 10¹⁰ runs. */
const manyRequests = 60

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named('e2e-skeleton')
  await cluster.up()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const readyPods = (count: number) =>
  eventually(`${count} ready pods`, async () => {
    const states = await cluster.words('pods', '{range .items[*]}{.status.containerStatuses[0].ready}{" "}{end}')
    return states.length === count && states.every((ready) => ready === 'true')
  })

const endpointAddresses = async (service = 'kubia') =>
  (await cluster.words(`endpoints/${service}`, '{.subsets[*].addresses[*].ip}')).sort()

const clusterIP = async (service = 'kubia') => (await cluster.words(`service/${service}`, '{.spec.clusterIP}'))[0] ?? ''

/** The names of the pods that answered a number of requests from inside a pod. */
async function whoAnswers(pod: string, url: string, requests = manyRequests): Promise<Set<string>> {
  const loop = `for i in $(seq ${requests}); do curl -s -S --max-time 5 ${url} || exit 1; done`
  const answer = await cluster.kubectl('exec', pod, '--', 'bash', '-c', loop)
  return new Set(answer.trim().split('\n').map((line) => line.replace("You've hit ", '')))
}

const firstPod = async () => (await cluster.words('pods', podNames))[0] ?? ''

describe('a ReplicationController and a Service', () => {
  test('are created by the chapter’s commands', async () => {
    expect(await cluster.kubectl('create', '-f', 'examples/kubia-rc.yaml')).toBe('replicationcontroller/kubia created\n')
    expect(await cluster.kubectl('create', '-f', 'examples/kubia-svc.yaml')).toBe('service/kubia created\n')
    await readyPods(3)
  })

  test('are listed with the columns of Kubernetes', async () => {
    await eventually('three endpoints', async () => (await endpointAddresses()).length === 3)
    const headings = async (what: string) => (await cluster.kubectl('get', what)).split('\n')[0]?.split(/\s{2,}|\s+$/).filter(Boolean)
    expect(await headings('svc')).toEqual(['NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE'])
    expect(await headings('rc')).toEqual(['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE'])
    expect(await headings('pods')).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'])
    expect(await headings('endpoints')).toEqual(['NAME', 'ENDPOINTS', 'AGE'])
    expect(await headings('nodes')).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'])
    expect(await cluster.kubectl('get', 'svc', 'kubia')).toMatch(/^kubia +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP/m)
    expect(await cluster.kubectl('get', 'rc', 'kubia')).toMatch(/^kubia +3 +3 +3 /m)
    expect(await cluster.kubectl('get', 'nodes')).toMatch(/^node-1 +Ready /m)
    expect(await cluster.kubectl('get', 'svc,rc,pods,endpoints,nodes')).toMatch(/^endpoints\/kubia /m)
  })

  test('answer from inside a pod, each pod in its turn', async () => {
    const pods = await cluster.words('pods', podNames)
    expect(await whoAnswers(await firstPod(), `http://${await clusterIP()}`)).toEqual(new Set(pods))
  })

  test('answer from a node', async () => {
    const { stdout } = await cluster.portolan('node', 'exec', 'node-1', '--', 'curl', '-s', `http://${await clusterIP()}`)
    expect(stdout).toMatch(/^You've hit kubia-[a-z0-9]{5}\n$/)
  })

  test('answer by name', async () => {
    for (const name of ['kubia', 'kubia.default', 'kubia.default.svc.cluster.local']) {
      expect((await whoAnswers(await firstPod(), `http://${name}`, 1)).size).toBe(1)
    }
  })

  test('are in the environment of a container that started after the Service', async () => {
    await cluster.kubectl('delete', 'pod', await firstPod(), '--wait=false')
    await eventually('a new pod', async () => (await cluster.words('pods', podNames)).length === 3)
    await readyPods(3)
    const newest = (await cluster.words('pods', podNames, '--sort-by=.metadata.creationTimestamp')).at(-1) ?? ''
    const environment = (await cluster.kubectl('exec', newest, '--', 'env')).split('\n')
    expect(environment).toContain(`KUBIA_SERVICE_HOST=${await clusterIP()}`)
    expect(environment).toContain('KUBIA_SERVICE_PORT=80')
  })
})

describe('what changes takes effect in the kernel', () => {
  test('a deleted pod is replaced: its address leaves the Service, the new one joins', async () => {
    const [victim = ''] = await cluster.words('pods', podNames)
    const [address = ''] = await cluster.words(`pod/${victim}`, '{.status.podIP}')
    expect(await endpointAddresses()).toContain(address)
    await cluster.kubectl('delete', 'pod', victim)
    await readyPods(3)
    const addresses = (await cluster.words('pods', podAddresses)).sort()
    await eventually('endpoints equal to the pods', async () => String(await endpointAddresses()) === String(addresses))
    expect(await whoAnswers(await firstPod(), `http://${await clusterIP()}`)).toEqual(new Set(await cluster.words('pods', podNames)))
  })

  test('a pod that is relabelled leaves the Service', async () => {
    const [pod = ''] = await cluster.words('pods', podNames)
    await cluster.kubectl('label', 'pod', pod, 'app=other', '--overwrite')
    await readyPods(4)
    const members = await eventually('three members without it', async () => {
      const names = await cluster.words('endpoints/kubia', '{.subsets[*].addresses[*].targetRef.name}')
      return names.length === 3 && !names.includes(pod) && new Set(names)
    })
    await eventually('only members answer', async () => {
      const answered = await whoAnswers(pod, `http://${await clusterIP()}`)
      return answered.size === 3 && members.isSupersetOf(answered)
    })
    await cluster.kubectl('delete', 'pod', pod)
  })

  test('a selector that matches nothing is refused at once, and set back it answers again', async () => {
    const pod = await firstPod()
    const url = `http://${await clusterIP()}`
    const select = (app: string) => cluster.kubectl('patch', 'service', 'kubia', '-p', `{"spec":{"selector":{"app":"${app}"}}}`)
    const exitCode = async () => (await cluster.tryKubectl('exec', pod, '--', 'curl', '-s', '--max-time', '5', url)).code
    await select('nobody')
    // 7: connection refused, as opposed to 28, timed out.
    await eventually('a refusal', async () => (await exitCode()) === 7)
    await select('kubia')
    await eventually('an answer', async () => (await exitCode()) === 0)
  })

  test('a port that the Service does not have is refused, and its address does not answer ping', async () => {
    const address = await clusterIP()
    const refused = await cluster.tryKubectl('exec', await firstPod(), '--', 'curl', '-s', '--max-time', '5', `http://${address}:81`)
    expect(refused.code).toBe(7)
  })

  test('scaling up adds endpoints', async () => {
    expect(await cluster.kubectl('scale', 'rc', 'kubia', '--replicas=5')).toBe('replicationcontroller/kubia scaled\n')
    await readyPods(5)
    await eventually('five endpoints', async () => (await endpointAddresses()).length === 5)
  })

  test('a deleted Service no longer answers', async () => {
    const address = await clusterIP()
    const pod = await firstPod()
    await cluster.kubectl('delete', 'service', 'kubia')
    await eventually('a refusal', async () => {
      const { code } = await cluster.tryKubectl('exec', pod, '--', 'curl', '-s', '--max-time', '5', `http://${address}`)
      return code === 7
    })
    await cluster.kubectl('create', '-f', 'examples/kubia-svc.yaml')
  })
})

describe('a manifest that is wrong is refused in Kubernetes’ words and stored nowhere', () => {
  const cases = [
    {
      name: 'an unknown field',
      manifest: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' }, spec: { prts: [], ports: [{ port: 80 }] } },
      says: 'unknown field "spec.prts"',
    },
    {
      name: 'a wrong type',
      manifest: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' }, spec: { ports: [{ port: 'eighty' }] } },
      says: 'cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32',
    },
    {
      name: 'a missing required field',
      manifest: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' }, spec: {} },
      says: 'The Service "bad" is invalid: spec.ports: Required value',
    },
    {
      name: 'an unnamed port among several',
      manifest: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' }, spec: { ports: [{ name: 'a', port: 80 }, { port: 81 }] } },
      says: 'spec.ports[1].name: Required value',
    },
  ]
  for (const { name, manifest, says } of cases) {
    test(name, async () => {
      const script = `echo '${JSON.stringify(manifest)}' | kubectl create -f -`
      const output = await run('bash', ['-c', script], cluster.environment)
      expect(output.code).not.toBe(0)
      expect(output.stderr).toContain(says)
      expect((await cluster.tryKubectl('get', 'service', 'bad')).stderr).toContain('services "bad" not found')
    })
  }
})

describe('a shell in a pod', () => {
  test('has input, output and exit code', async () => {
    const pod = await firstPod()
    const output = await run('bash', ['-c', `echo 'echo in $((6 * 7)); exit 3' | kubectl exec -i ${pod} -- bash`], cluster.environment)
    expect(output).toMatchObject({ code: 3, stdout: 'in 42\n' })
  })

  test('shows what the application logs', async () => {
    const pod = await firstPod()
    await eventually('the log', async () => (await cluster.kubectl('logs', pod)).includes('Kubia server starting'))
  })
})

describe('trouble', () => {
  const processId = async (name: string) => {
    const { stdout } = await cluster.portolan('status', '--json')
    const { processes } = JSON.parse(stdout) as { processes: { name: string; pid: number }[] }
    return processes.find((process) => process.name === name)?.pid ?? 0
  }
  const startTimes = () => cluster.words('pods', '{.items[*].status.containerStatuses[0].containerID}')

  for (const name of ['node-1', 'server', 'edge']) {
    test(`${name} is restarted when it is killed, and no pod with it`, async () => {
      const before = await startTimes()
      const pid = await processId(name)
      process.kill(pid, 'SIGKILL')
      await eventually('another process', async () => {
        const now = await processId(name)
        return now !== 0 && now !== pid
      })
      await eventually('a cluster that answers', async () => {
        const answered = await whoAnswers(await firstPod(), 'http://kubia', 1)
        return answered.size === 1
      })
      expect(await startTimes()).toEqual(before)
    })
  }

  test('after down and up every object and pod is back, with the same cluster IP', async () => {
    const address = await clusterIP()
    const pods = (await cluster.words('pods', podNames)).sort()
    await cluster.portolan('down')
    await cluster.up()
    await readyPods(5)
    expect((await cluster.words('pods', podNames)).sort()).toEqual(pods)
    expect(await clusterIP()).toBe(address)
    await eventually('the Service answers', async () => (await whoAnswers(await firstPod(), `http://${address}`)).size === 5)
  })

  test('a second up says that it runs', async () => {
    expect((await cluster.up()).stdout).toContain('runs already')
  })
})

test('deleting the ReplicationController deletes its pods', async () => {
  await cluster.kubectl('delete', 'rc', 'kubia')
  await eventually('no pods', async () => (await cluster.words('pods', podNames)).length === 0)
})
