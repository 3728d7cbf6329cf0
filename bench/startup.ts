import { spawn } from 'node:child_process'
import { once } from 'node:events'
import https from 'node:https'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { eventually, TestCluster } from '../test/test-cluster.ts'

const rounds = 5

/**
 * From the command to a cluster that does its work, everything on disk that a second start would find: programs,
 * images, no cluster. The clock starts when `./portolan up` does.
 */
export const startup: Benchmark = {
  name: 'startup',
  measures: 'seconds by phase from `portolan up` to a Ready pod reached by name through its Service',
  async run(say) {
    // The first start builds the images; it is not measured.
    const first = await TestCluster.named('bench-startup')
    const results: Round[] = []
    try {
      await first.up()
      await first.portolan('delete')
      for (let round = 1; round <= rounds; round += 1) {
        const result = await measure(await TestCluster.named('bench-startup', first.home))
        say(`round ${round}: ${JSON.stringify(result)}`)
        results.push(result)
        await first.portolan('delete')
      }
    } finally {
      await first[Symbol.asyncDispose]()
    }
    return figuresOf(results)
  },
}

type Round = Readonly<Record<string, number>>

async function measure(cluster: TestCluster): Promise<Round> {
  const started = performance.now()
  const since = () => Math.round(performance.now() - started)
  const up = spawn('./portolan', ['up', '--name', cluster.name, '--api-port', String(cluster.apiPort), '--no-egress'], {
    env: cluster.environment,
    stdio: 'ignore',
  })
  const exited = once(up, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`portolan up ended with ${code}`)
    return since()
  })
  const apiMs = eventually('the API', async () => (await answers(cluster.apiPort)) && since())
  const result: Record<string, number> = { 'API answers': await apiMs, 'up returns': await exited }
  await cluster.kubectl('create', '-f', 'examples/kubia-rc.yaml', '-f', 'examples/kubia-svc.yaml')
  result['objects created'] = since()
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '-l', 'app=kubia', '--timeout=60s')
  result['three pods Ready'] = since()
  await eventually('an answer by name', async () => {
    const { code } = await cluster.tryKubectl('exec', 'rc/kubia', '--', 'curl', '-sf', 'http://kubia')
    return code === 0
  })
  result['reached by name through the Service'] = since()
  const { stdout } = await cluster.portolan('status', '--json')
  const { timeline } = JSON.parse(stdout) as { timeline: { step: string; atMs: number }[] }
  for (const { step, atMs } of timeline) result[`supervisor: ${step}`] = atMs
  return result
}

/** Whether the API answers `/readyz` with 200. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = https.get({ host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: 1000 })
    request.on('timeout', () => request.destroy())
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    // Nothing listens yet.
    request.on('error', () => resolve(false))
  })
}

const references: Readonly<Record<string, Pick<Figure, 'goal' | 'others'>>> = {
  'API answers': { goal: '≤ 700 ms' },
  'reached by name through the Service': {
    goal: '≤ 2000 ms',
    others: 'k3d 5.8: 19,900 ms; kind 0.29: 33,000 ms; minikube 1.36: 50,800 ms (time-to-k8s, 2025, published)',
  },
}

function figuresOf(results: readonly Round[]): Figure[] {
  const names = [...new Set(results.flatMap((result) => Object.keys(result)))]
  return names.map((what) => ({
    what,
    value: median(results.map((result) => result[what] ?? NaN)),
    unit: 'ms',
    ...references[what],
  }))
}
