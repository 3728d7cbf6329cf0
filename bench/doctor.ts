import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterDescription } from '../src/cli/status.ts'
import type { Diagnosis } from '../src/doctor/finding.ts'
import { ingressSetUps } from '../test/broken-ingresses.ts'
import { questions } from '../test/broken-questions.ts'
import { setUps, type SetUp } from '../test/broken-services.ts'
import { eventually, TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'

/** Something that is wrong in one way, and what the doctor is asked about it. */
interface Case {
  readonly name: string
  readonly words: readonly string[]
  /** What must be found first; undefined if all is well. */
  readonly reason: string | undefined
  break?(cluster: TestCluster): Promise<void>
  mend?(cluster: TestCluster): Promise<void>
}

/**
 * Each way to be broken that is tested, one after the other, on a cluster of two nodes. What is measured is the command,
 * from its start to its end, once its first diagnosis is the right one: before, the set-up is not yet as it is meant to be.
 */
export const doctor: Benchmark = {
  name: 'doctor',
  measures: 'seconds from `portolan doctor` to the right diagnosis, for each way to be broken',
  async run(say) {
    const cluster = await TestCluster.named('bench-doctor')
    const taken: (readonly [string, number])[] = []
    try {
      await cluster.up('--nodes', '2')
      for (const each of await cases()) {
        const ms = await measured(each, cluster)
        say(`${each.name}: ${each.reason ?? 'healthy'} after ${ms.toFixed(0)} ms`)
        taken.push([each.name, ms])
      }
    } finally {
      await cluster[Symbol.asyncDispose]()
    }
    return figuresOf(taken)
  },
}

/** In this order: Ingresses and questions are about Services of before. */
async function cases(): Promise<readonly Case[]> {
  const file = (text: string) => (cluster: TestCluster) => writeFile(manifestOf(cluster), text)
  return [
    ...setUps().map((setUp) => ofObjects('service', setUp)),
    ...(await ingressSetUps()).map((setUp) => ofObjects('ingress', setUp)),
    ...questions.map(({ url, from, reason }): Case => ({ name: [url, ...from].join(' '), words: [url, ...from], reason })),
    { name: 'a manifest', words: ['-f', 'MANIFEST'], reason: 'MissingBlank', break: file('apiVersion: v1\nkind: Service\nmetadata:\n  name:kubia\nspec：\n  prots:\n  - port: 80\n') },
    // The first of all Services by name.
    { name: 'everything at once', words: [], reason: 'ExternalNameIsAddress' },
    { name: 'a node’s agent that hangs', words: ['service/late'], reason: 'ProxyBehind', break: hung('node-2', 'create', 'service', 'clusterip', 'late', '--tcp=80:8080'), mend: (cluster) => signal(cluster, 'node-2', 'SIGCONT') },
    {
      name: 'an edge that hangs', words: ['ingress/late'], reason: 'IngressProxyBehind',
      break: async (cluster) => {
        // Whoever has no rule is answered by nobody then.
        await cluster.kubectl('delete', 'ingress', 'well-by-default')
        await eventually('no default', async () => (await cluster.portolan('client', '--', 'curl', '-s', 'http://203.0.113.3/')).stdout.includes('no Ingress has a rule'))
        await hung('edge', 'create', 'ingress', 'late', '--rule=late.example.com/*=right:80')(cluster)
      },
      mend: (cluster) => signal(cluster, 'edge', 'SIGCONT'),
    },
    { name: 'a node that is off', words: ['service/right'], reason: 'NodeNotReady', break: async (cluster) => void (await cluster.portolan('node', 'stop', 'node-2')) },
  ]
}

function ofObjects(kind: 'service' | 'ingress', { name, reason, objects }: SetUp): Case {
  const namespace = objects.map((object) => object as { kind: string; metadata: { namespace?: string } }).find((object) => object.kind.toLowerCase() === kind)?.metadata.namespace ?? 'default'
  return {
    name: `${kind}/${name}`,
    words: [`${kind}/${name}`, '-n', namespace],
    reason,
    break: async (cluster) => {
      await writeFile(manifestOf(cluster), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
      await cluster.kubectl('create', '-f', manifestOf(cluster))
    },
  }
}

function manifestOf({ home }: TestCluster): string {
  return join(home, 'broken.yaml')
}

/** A process that does nothing any more while something is changed that it would have to follow. */
function hung(process: string, ...kubectl: string[]): (cluster: TestCluster) => Promise<void> {
  return async (cluster) => {
    await signal(cluster, process, 'SIGSTOP')
    await cluster.kubectl(...kubectl)
    if (kubectl[1] === 'service') await cluster.kubectl('patch', 'service', 'late', '--type=merge', '-p', '{"spec":{"selector":{"app":"right"}}}')
  }
}

async function signal(cluster: TestCluster, name: string, kind: NodeJS.Signals): Promise<void> {
  const { processes } = JSON.parse((await cluster.portolan('status', '--json')).stdout) as ClusterDescription
  const pid = processes.find((each) => each.name === name)?.pid
  if (pid === undefined) throw new Error(`${name} does not run`)
  process.kill(pid, kind)
}

/** Breaks it, and asks until the first diagnosis is the right one. Resolves to how long that one took, in milliseconds. */
async function measured({ name, words, reason, break: breakIt, mend }: Case, cluster: TestCluster): Promise<number> {
  await breakIt?.(cluster)
  try {
    let found: string | undefined
    return await eventually(`${name}: ${reason ?? 'healthy'}`, async () => {
      const start = performance.now()
      const { stdout, stderr } = await cluster.tryPortolan('doctor', ...words.map((word) => (word === 'MANIFEST' ? manifestOf(cluster) : word)), '-o', 'json')
      const ms = performance.now() - start
      if (stdout === '') throw new Error(`${name}: ${stderr}`)
      const { diagnoses } = JSON.parse(stdout) as { diagnoses: readonly Diagnosis[] }
      found = diagnoses.flatMap(({ findings }) => findings)[0]?.reason
      return found === reason && ms
    }).catch((cause: unknown) => {
      throw new Error(`${name}: found ${found ?? 'nothing'}, and not ${reason ?? 'that all is well'}`, { cause })
    })
  } finally {
    await mend?.(cluster)
    await rm(manifestOf(cluster), { force: true })
  }
}

const goal = '≤ 3000 ms'

function figuresOf(taken: readonly (readonly [string, number])[]): readonly Figure[] {
  const all = taken.map(([, ms]) => ms)
  const [slowest = ['', NaN] as const] = taken.toSorted(([, a], [, b]) => b - a)
  return [
    ...taken.map(([what, value]): Figure => ({ what, value, unit: 'ms' })),
    { what: `median of ${all.length}`, value: median(all), unit: 'ms', goal },
    { what: `longest: ${slowest[0]}`, value: slowest[1], unit: 'ms', goal },
  ]
}
