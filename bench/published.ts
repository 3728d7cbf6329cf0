import { join } from 'node:path'
import { namespaceNames } from '../src/cluster/network.ts'
import { realNamespaces } from '../src/kernel/real-namespaces.ts'
import { realProcesses } from '../src/kernel/real-processes.ts'
import { eventually, freePort, TestCluster } from '../test/test-cluster.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { installPrograms } from './debian-programs.ts'
import { type Answers, LoadGenerator, placeIn } from './load-generator.ts'

const rounds = 5

const kinds = [
  { name: 'keep-alive', connections: 'keep-alive', path: '/' },
  { name: 'a connection each', connections: 'new', path: '/' },
  { name: 'answers of 1 MB', connections: 'keep-alive', path: '/large' },
] as const

/**
 * What a published port costs: requests to one pod of a live cluster, by way of 127.0.0.1 of the machine, next to those by
 * the Service's load balancer from outside of the nodes, in turn, in each round. Client, pod and all between share the cores.
 */
export const published: Benchmark = {
  name: 'published',
  measures: 'requests/s and MB/s through a published port next to the load balancer’s address',
  async run(say) {
    await installPrograms(['wrk'], say)
    await using cluster = await TestCluster.named('bench-published')
    await using generator = await LoadGenerator.create()
    const port = await freePort()
    await cluster.up('--publish', `service/web=${port}:80`)
    const address = await serve(cluster)
    const outside = realNamespaces(realProcesses).path(namespaceNames(cluster.name).outside)
    const ways = {
      published: { from: placeIn(undefined), addresses: ['127.0.0.1'], port },
      straight: { from: placeIn(outside), addresses: [address], port: 80 },
    }
    const results: Results = new Map(kinds.map(({ name }) => [name, { published: [], straight: [] }]))
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, connections, path } of kinds) {
        for (const way of ['straight', 'published'] as const) {
          results.get(name)?.[way].push(await generator.run({ ...ways[way], connections, path }))
        }
      }
      say(`round ${round} of ${rounds}`)
    }
    return [...results].flatMap(([name, samples]) => figuresOf(name, samples))
  },
}

type Samples = Readonly<Record<'published' | 'straight', Answers[]>>
type Results = ReadonlyMap<string, Samples>

/** Resolves to the address of the load balancer, when both ways answer. */
async function serve(cluster: TestCluster): Promise<string> {
  await cluster.kubectl('create', '-f', join(import.meta.dirname, 'published.yaml'))
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod', 'web', '--timeout=60s')
  const [address = ''] = await eventually('an address', async () => {
    const words = await cluster.words('service/web', '{.status.loadBalancer.ingress[0].ip}')
    return words.length > 0 && words
  })
  await eventually('an answer', async () => (await cluster.tryPortolan('client', '--', 'curl', '-sf', `http://${address}/`)).code === 0)
  return address
}

function figuresOf(name: string, samples: Samples): Figure[] {
  const isLarge = name === 'answers of 1 MB'
  const of = ({ perSecond, megabytesPerSecond }: Answers) => (isLarge ? megabytesPerSecond : perSecond)
  const unit = isLarge ? 'MB/s' : '/s'
  const ratios = samples.published.map((sample, round) => {
    const straight = samples.straight[round]
    return straight === undefined ? NaN : of(sample) / of(straight)
  })
  return [
    { what: `${name}: published port`, value: median(samples.published.map(of)), unit },
    { what: `${name}: load balancer`, value: median(samples.straight.map(of)), unit },
    { what: `${name}: published ÷ load balancer`, value: median(ratios), unit: '×' },
  ]
}
