import { views } from '../api/kinds/index.ts'
import type { KubeObject } from '../api/object.ts'
import { readSchema } from '../api/schema/schema-file.ts'
import { accessControl } from '../apiserver/access-control.ts'
import { admissionSteps } from '../apiserver/admission/index.ts'
import { ServiceAddressAllocator } from '../apiserver/admission/service-address-allocator.ts'
import { ensureDefaultRoles } from '../apiserver/authorization/default-roles/ensure-default-roles.ts'
import { httpBackends } from '../apiserver/backends.ts'
import { compactRegularly } from '../apiserver/compaction.ts'
import type { ApiContext } from '../apiserver/context.ts'
import { apiHandler } from '../apiserver/handler.ts'
import { healthChecks, StartHook } from '../apiserver/health/checks.ts'
import { Health } from '../apiserver/health/health.ts'
import { httpServer } from '../apiserver/http-server.ts'
import { KindRegistry } from '../apiserver/kind-registry.ts'
import { httpsKubelets } from '../apiserver/kubelets.ts'
import { ServerMetrics } from '../apiserver/metrics/server-metrics.ts'
import { ObjectStore } from '../apiserver/objects.ts'
import { openApi } from '../apiserver/openapi.ts'
import { feedServiceAddresses } from '../apiserver/service-address-feed.ts'
import { versionInfo } from '../apiserver/version.ts'
import { systemClock } from '../base/clock.ts'
import { formatCidr } from '../base/ip.ts'
import { jsonLog } from '../base/json-log.ts'
import { apiClient } from '../client/api-client.ts'
import type { Cache } from '../client/cache.ts'
import { inProcessTransport } from '../client/in-process-transport.ts'
import { apiServiceAddress, dnsServiceAddress, ingressAddress, loadBalancerPool, serverAddress } from '../cluster/address-plan.ts'
import { planOf } from '../cluster/config.ts'
import { nodeSettingsData, ownMachines } from '../cluster/node-settings.ts'
import { readIdentity } from '../cluster/pki.ts'
import { ensureSigningKey } from '../cluster/signing-key.ts'
import { ensureJoinObjects } from '../controllers/join-objects.ts'
import { ensureSystemObjects } from '../controllers/system-objects.ts'
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts'
import { certificateSigner } from './certificate-signer.ts'
import { endOnFailure } from './failure.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { listenOn, receiveListener } from './listeners.ts'
import { runAllControllers } from './run-all-controllers.ts'
import { servedKinds } from './served-kinds.ts'
import { clusterOf, endOfProcess, reportReady } from './program-arguments.ts'
import { kubernetesVersion } from './kubernetes-version.ts'
import { version } from './version.ts'

/** The server process: storage, API, controllers and scheduler. Runs in the edge namespace. */
const nodePorts = { first: 30000, last: 32767 }

const log = jsonLog({ process: 'server' })
endOnFailure(log)
giveBackMemory({ clock: systemClock })
const end = endOfProcess()
// Whoever asks a server to end that still starts has nothing to wait for.
end.addEventListener('abort', exit)
const hostListener = receiveListener()
const { config, layout } = await clusterOf(process.argv.slice(2))
const plan = planOf(config)
const clock = systemClock

const store = openSqliteStore(layout.storeFile, {
  clock,
  committed: (writes, durationMs) => {
    metrics.storedWrites.add(writes)
    metrics.transactions.observe(durationMs / 1000)
  },
})
const objects = new ObjectStore(store)
const addresses = new ServiceAddressAllocator({ clusterIPs: plan.services, nodePorts }, Math.random)
const identity = await readIdentity(layout.pki, 'server')
// Beside the bundle, where the build puts it.
const schema = readSchema(new URL('schema.json', import.meta.url))
const registry = new KindRegistry(servedKinds, views)
const kubernetes = versionInfo(kubernetesVersion(version))
const metrics = new ServerMetrics({ store, kinds: registry, version: kubernetes })
const roles = new StartHook('rbac/bootstrap-roles')
const systemObjects = new StartHook('bootstrap-controller')
const caches = new Map<string, Cache<KubeObject>>()
const access = await accessControl(
  {
    objects,
    clock,
    signingKey: await ensureSigningKey(layout.pki),
    issuer: `https://kubernetes.default.svc.${config.clusterDomain}`,
  },
  end,
)

const context: ApiContext = {
  objects,
  kinds: registry,
  schema,
  access,
  admission: admissionSteps({ objects, access, addresses, random: Math.random }),
  kubelets: httpsKubelets(identity),
  backends: httpBackends(),
  openapi: openApi(registry, schema, clock),
  version: kubernetes,
  metrics,
  address: `127.0.0.1:${config.apiPort}`,
  health: new Health(healthChecks({ store, startHooks: [roles, systemObjects], caches, end })),
  clock,
  random: Math.random,
  log,
}
const handler = apiHandler(context)
await feedServiceAddresses(objects, addresses, end)

const api = httpServer(handler, context, identity)
const inner = { address: serverAddress(plan), port: 6443 }
api.accept(await listenOn(inner))
api.accept(await hostListener)

// Controllers are part of the server process and ask it directly, as administrators.
const user = { name: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] }
const client = apiClient(inProcessTransport((request) => handler({ ...request, accept: 'application/json', userAgent: 'kube-controller-manager', user })))
await ensureDefaultRoles(client)
roles.done()
await ensureSystemObjects(client, {
  server: inner,
  apiService: apiServiceAddress(plan),
  services: formatCidr(plan.services),
  dnsService: dnsServiceAddress(plan),
  ingress: { address: serverAddress(plan), outside: ingressAddress(plan) },
})
systemObjects.done()
reportReady()
end.removeEventListener('abort', exit)

const running = [
  compactRegularly(store, { clock, log }, end),
  // Nobody waits for it who starts with the cluster.
  ensureJoinObjects(client, { server: `https://${inner.address}:${inner.port}`, ca: identity.ca, settings: nodeSettingsData(config) }),
  runAllControllers(
    {
      client,
      podRange: plan.pods,
      loadBalancerPool: loadBalancerPool(plan),
      ca: identity.ca,
      signer: certificateSigner(layout.pki),
      ...(config.clusterSigningSeconds === undefined ? {} : { longestSigningSeconds: config.clusterSigningSeconds }),
      ownMachines: ownMachines(config),
      caches,
      clock,
      log,
    },
    end,
  ),
]
await Promise.all(running)
api.close()
await store.close()
exit()

function exit(): never {
  process.exit(0)
}
