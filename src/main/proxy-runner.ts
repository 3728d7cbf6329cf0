import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Nodes } from '../api/kinds/node.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { formatCidr } from '../base/ip.ts'
import { jsonLog } from '../base/json-log.ts'
import type { ProxyRunner, ProxySettings } from '../cli/proxy.ts'
import type { Client } from '../client/client.ts'
import { informer } from '../client/informer.ts'
import { nftCommand } from '../kernel/nft-command.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'
import { answerAtLoopback, keepToLoopback } from './answer-at-loopback.ts'
import { connectToApi } from './connect-to-api.ts'
import { endOnFailure } from './failure.ts'
import { endOfProcess } from './program-arguments.ts'

/** The service proxy of `portolan proxy`. Its code is loaded when first used: most commands need none of it. */
export const proxyRunner: ProxyRunner = {
  connect: (access) => connectToApi(access, 'portolan-proxy'),

  run: runProxy,

  async removeRules() {
    const { tableName } = await import('../dataplane/proxy/base-rules.ts')
    const nft = nftCommand({ processes })
    if ((await nft.listTable(tableName)) === undefined) return false
    await keepToLoopback()
    await nft.transaction([{ op: 'delete-table', table: tableName }])
    return true
  },
}

async function runProxy(client: Client, settings: ProxySettings): Promise<void> {
  const { node, services, pods } = settings
  const signal = endOfProcess()
  const log = jsonLog({ process: 'proxy' })
  endOnFailure(log)
  const live = { log, clock: systemClock, signal }
  const { ipv4, healthCheckServers, proxyHealthServer, conntrackCommand, nftSession, Proxy } = await parts()
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'portolan-proxy-'))
  await using nft = nftSession({ processes, clock: systemClock, scratchDirectory: scratch.path })
  await using healthChecks = healthCheckServers(log)
  await using ownHealth = proxyHealthServer({ log, clock: systemClock })
  await using proxy = new Proxy({
    services: informer(client, Services, live),
    slices: informer(client, EndpointSlices, live),
    nodes: informer(client, Nodes, { ...live, fieldSelector: `metadata.name=${node}` }),
    nft,
    conntrack: conntrackCommand({ processes }),
    healthChecks: {
      set(health) {
        healthChecks.set(health)
        ownHealth.set(health)
      },
    },
    log,
    clock: systemClock,
    nodeName: node,
    ranges: [{ family: ipv4, services: services.map(formatCidr), ...(pods === undefined ? {} : { pods: formatCidr(pods) }) }],
  })
  log.info({ node, services: services.map(formatCidr) }, 'the proxy starts')
  void answerAtLoopback(proxy, log)
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  if (!signal.aborted && (await Promise.race([proxy.settled().then(() => true), ended])) === true) {
    log.info({}, 'the rules are in place')
    await ended
  }
  log.info({}, 'the proxy ends; its rules stay')
}

async function parts() {
  return {
    ...(await import('../dataplane/proxy/proxy.ts')),
    ...(await import('../dataplane/proxy/family.ts')),
    ...(await import('../dataplane/proxy/health-check-servers.ts')),
    ...(await import('../dataplane/proxy/proxy-health-server.ts')),
    ...(await import('../kernel/conntrack-command.ts')),
    ...(await import('../kernel/nft-session.ts')),
  }
}
