import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { formatRange } from '../base/ip.ts'
import { jsonLog } from '../base/json-log.ts'
import type { LoadBalancerRunner, LoadBalancerSettings } from '../cli/load-balancer.ts'
import type { Client } from '../client/client.ts'
import { informer } from '../client/informer.ts'
import { nftCommand } from '../kernel/nft-command.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'
import { connectToApi } from './connect-to-api.ts'
import { endOnFailure } from './failure.ts'
import { endOfProcess } from './program-arguments.ts'

const lastWordsMs = 2_000

/** The load balancer of `portolan load-balancer`. Its code is loaded when first used: most commands need none of it. */
export const loadBalancerRunner: LoadBalancerRunner = {
  connect: (access) => connectToApi(access, 'portolan-load-balancer'),

  run: runLoadBalancer,

  async removeRules() {
    const { tableName } = await import('../dataplane/loadbalancer/base-rules.ts')
    const { NodePaths } = await import('../dataplane/loadbalancer/node-paths.ts')
    const nft = nftCommand({ processes })
    const hasTable = (await nft.listTable(tableName)) !== undefined
    if (hasTable) await nft.transaction([{ op: 'delete-table', table: tableName }])
    const hadPaths = await new NodePaths({ processes, log: jsonLog({ process: 'load-balancer' }) }).remove()
    return hasTable || hadPaths
  },
}

async function runLoadBalancer(client: Client, { pool, nodesDevice, classes }: LoadBalancerSettings): Promise<void> {
  const signal = endOfProcess()
  const log = jsonLog({ process: 'load-balancer' })
  endOnFailure(log)
  const live = { log, clock: systemClock, signal }
  const { askByHttp, EventBroadcaster, LoadBalancer, loadBalancerAddressController, nftSession, runControllers } = await parts()
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'portolan-load-balancer-'))
  await using nft = nftSession({ processes, clock: systemClock, scratchDirectory: scratch.path })
  const services = informer(client, Services, live)
  await using balancer = new LoadBalancer({
    services,
    slices: informer(client, EndpointSlices, live),
    nodes: informer(client, Nodes, live),
    nft,
    processes,
    ask: askByHttp({ withinMs: 500 }),
    log,
    clock: systemClock,
    domain: { pool, classes },
    nodesDevice,
  })
  log.info({ pool: formatRange(pool), nodesDevice, classes }, 'the load balancer starts')
  void balancer.settled().then(
    () => log.info({}, 'the rules are in place'),
    () => undefined, // it ends before they were
  )
  const events = new EventBroadcaster({ client, clock: systemClock, log })
  const addresses = loadBalancerAddressController({ client, services, events: events.recorder('portolan-load-balancer'), pool, classes })
  await runControllers([addresses], live)
  // What is still to be told is told if the API is there to hear it.
  await Promise.race([events.idle(), systemClock.sleep(lastWordsMs)])
  log.info({}, 'the load balancer ends; its rules stay')
}

async function parts() {
  return {
    ...(await import('../client/event-recorder.ts')),
    ...(await import('../client/run-controllers.ts')),
    ...(await import('../controllers/load-balancer-addresses.ts')),
    ...(await import('../dataplane/loadbalancer/ask-by-http.ts')),
    ...(await import('../dataplane/loadbalancer/balancer.ts')),
    ...(await import('../kernel/nft-session.ts')),
  }
}
