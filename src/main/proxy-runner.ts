import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { Services } from '../api/kinds/service.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { formatCidr } from '../base/ip.ts'
import { jsonLog } from '../base/json-log.ts'
import type { Log } from '../base/log.ts'
import type { ProxyRunner, ProxySettings } from '../cli/proxy.ts'
import { apiClient } from '../client/api-client.ts'
import type { Client } from '../client/client.ts'
import { http2Transport } from '../client/http2-transport.ts'
import { informer } from '../client/informer.ts'
import { tokenOf } from '../client/token-file.ts'
import { nftCommand } from '../kernel/nft-command.ts'
import { realProcesses as processes } from '../kernel/real-processes.ts'
import { endOnFailure } from './failure.ts'
import { endOfProcess } from './program-arguments.ts'

/** The service proxy of `portolan proxy`. Its code is loaded when first used: most commands need none of it. */
export const proxyRunner: ProxyRunner = {
  connect({ token, tokenFile, ...access }) {
    const bearer = token === undefined || tokenFile === undefined ? token : tokenOf(tokenFile, token)
    const credentials = bearer === undefined ? access : { ...access, token: bearer }
    const transport = http2Transport({ ...credentials, userAgent: 'portolan-proxy' })
    return { client: apiClient(transport), close: () => transport.close() }
  },

  run: runProxy,

  async removeRules() {
    const { tableName } = await import('../dataplane/proxy/base-rules.ts')
    const nft = nftCommand({ processes })
    if ((await nft.listTable(tableName)) === undefined) return false
    await nft.transaction([{ op: 'delete-table', table: tableName }])
    return true
  },
}

async function runProxy(client: Client, settings: ProxySettings): Promise<void> {
  const signal = endOfProcess()
  const log = jsonLog({ process: 'proxy' })
  endOnFailure(log)
  const proxy = await startProxy(client, settings, { log, clock: systemClock, signal })
  const { node } = settings
  const services = settings.services.map(formatCidr)
  log.info({ node, services }, 'the proxy starts')
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  if (!signal.aborted && (await Promise.race([proxy.settled().then(() => true), ended])) === true) {
    log.info({}, 'the rules are in place')
    await ended
  }
  await proxy.stop()
  log.info({}, 'the proxy ends; its rules stay')
}

interface Live {
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** The one place that knows how a proxy is put together here. */
async function startProxy(client: Client, { node, services }: ProxySettings, live: Live) {
  const { Proxy } = await import('../dataplane/proxy/proxy.ts')
  const { ipv4 } = await import('../dataplane/proxy/family.ts')
  const { conntrackCommand } = await import('../kernel/conntrack-command.ts')
  const { log, clock } = live
  return new Proxy({
    services: informer(client, Services, live),
    slices: informer(client, EndpointSlices, live),
    nft: nftCommand({ processes }),
    conntrack: conntrackCommand({ processes }),
    log,
    clock,
    nodeName: node,
    ranges: services.map((cidr) => ({ family: ipv4, cidr: formatCidr(cidr) })),
  })
}
