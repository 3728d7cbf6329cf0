import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EndpointSlices } from '../api/kinds/endpoint-slice.ts'
import { IngressClasses } from '../api/kinds/ingress-class.ts'
import { Ingresses } from '../api/kinds/ingress.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import { jsonLog } from '../base/json-log.ts'
import type { IngressRunner, IngressSettings } from '../cli/ingress.ts'
import type { Client } from '../client/client.ts'
import { informer } from '../client/informer.ts'
import { connectToApi } from './connect-to-api.ts'
import { endOnFailure } from './failure.ts'
import { endOfProcess } from './program-arguments.ts'

/** The ingress of `portolan ingress`. Its code is loaded when first used: most commands need none of it. */
export const ingressRunner: IngressRunner = {
  connect: (access) => connectToApi(access, 'portolan-ingress'),
  run: serveIngresses,
}

async function serveIngresses(client: Client, { publicAddresses, defaultCertificate, clusterDomain, ...settings }: IngressSettings): Promise<void> {
  const signal = endOfProcess()
  const log = jsonLog({ process: 'ingress' })
  endOnFailure(log)
  const live = { log, clock: systemClock, signal }
  const { runIngress } = await import('./ingress-runner.ts')
  await using directory = await mkdtempDisposable(join(tmpdir(), 'portolan-ingress-'))
  log.info({ ...settings, publicAddresses }, 'the ingress starts')
  const { proxy, ended } = runIngress({
    client,
    ingresses: informer(client, Ingresses, live),
    classes: informer(client, IngressClasses, live),
    services: informer(client, Services, live),
    slices: informer(client, EndpointSlices, live),
    settings: { ...settings, directory: directory.path },
    defaultCertificate: defaultCertificate ?? (await madeUp()),
    publicAddresses,
    clusterDomain,
    nameServersFor: async () => undefined,
    ...live,
  })
  void proxy.settled().then(
    () => log.info({}, 'Ingresses are served'),
    () => undefined, // it ends before it was ready
  )
  await ended
  log.info({}, 'the ingress ends')
}

/** By an authority that nobody keeps: clients are not to trust it. */
async function madeUp(): Promise<string> {
  const { authorityFor, issue } = await import('../cluster/issue-certificates.ts')
  const commonName = 'Portolan ingress default certificate'
  const request = { file: '', commonName, organizations: [], addresses: [], dnsNames: [] }
  const { cert, key } = await issue(await authorityFor(commonName, 1), request, 1)
  return `${cert}\n${key}\n`
}
