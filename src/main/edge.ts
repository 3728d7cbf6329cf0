import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { jsonLog } from '../base/json-log.ts'
import { apiClient } from '../client/api-client.ts'
import { http2Transport } from '../client/http2-transport.ts'
import { informer } from '../client/informer.ts'
import { runControllers } from '../client/run-controllers.ts'
import { serverAddress } from '../cluster/address-plan.ts'
import { planOf } from '../cluster/config.ts'
import { readIdentity } from '../cluster/pki.ts'
import { PublishedServices } from '../dataplane/published/published-services.ts'
import { routesController } from '../dataplane/routes/routes-controller.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { endOnFailure } from './failure.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { receivePublished } from './listeners.ts'
import { clusterOf, endOfProcess, reportReady } from './program-arguments.ts'

/** The edge process: the cluster's router. Keeps the way to every node's pods, and leads published ports to Services. */
const log = jsonLog({ process: 'edge' })
endOnFailure(log)
giveBackMemory({ clock: systemClock })
const signal = endOfProcess()
const { config, layout } = await clusterOf(process.argv.slice(2))
const deps = { log, clock: systemClock, signal }
const identity = await readIdentity(layout.pki, 'edge')
const client = apiClient(http2Transport({ server: `https://${serverAddress(planOf(config))}:6443`, userAgent: 'portolan-edge', ...identity }))
const nodes = informer(client, Nodes, deps)
const routes = routesController({ nodes, ownNode: undefined, processes: realProcesses })
receivePublished(new PublishedServices({
  services: informer(client, Services, deps),
  slices: informer(client, EndpointSlices, deps),
  clock: systemClock,
  random: Math.random,
}))
void nodes.synced.then(reportReady)
await runControllers([routes], deps)
process.exit(0)
