import { X509Certificate } from 'node:crypto'
import { readIdentity, type PairStore, pairStore } from '../cluster/pki.ts'
import type { Client } from '../client/client.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { ServingCertificate } from '../node/agent.ts'
import { type CertificateDeps, dnsClient, nodeClient, nodeServing, obtainCertificate, type Pair, type Wanted } from '../node/join/certificates.ts'
import { isValid, keepRenewed, type RenewedPair } from '../node/join/renewal.ts'
import type { NodeArguments } from './node-arguments.ts'

export interface NodeIdentityDeps {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** By what a node is known. The pairs are those of the moment: they are renewed. */
export interface NodeIdentity {
  /** PEM. */
  readonly ca: string
  client(): Pair
  dns(): Pair
  /** Of the kubelet API, once the Node is registered. `client` is the node's own. All certificates are renewed with it. */
  serving(client: Client): Promise<ServingCertificate>
}

export async function nodeIdentity({ settings, pki, hasJoined }: NodeArguments, deps: NodeIdentityDeps): Promise<NodeIdentity> {
  return hasJoined ? joined(settings, pairStore(pki), deps) : own(pki, settings.name)
}

/** Certificates that `up` has made: good for as long as the authority itself. */
async function own(pki: string, name: string): Promise<NodeIdentity> {
  const [node, dns] = await Promise.all([readIdentity(pki, name), readIdentity(pki, 'dns')])
  return { ca: node.ca, client: () => node, dns: () => dns, serving: async () => ({ pair: node, keepRenewed() {} }) }
}

async function joined(
  { name, address, server }: NodeArguments['settings'],
  store: PairStore,
  deps: NodeIdentityDeps,
): Promise<NodeIdentity> {
  const present = new Map<string, Pair>()
  for (const each of ['client', 'dns']) present.set(each, await store.read(each))
  const pair = (each: string): Pair => {
    const found = present.get(each)
    if (found === undefined) throw new Error(`there is no certificate ${each}`)
    return found
  }
  const obtain = async (each: string, wanted: Wanted, client: Client): Promise<Pair> => {
    const { newRequest } = await import('../cluster/issue-certificates.ts')
    const certificateDeps: CertificateDeps = { ...deps, client, server, newRequest }
    const next = await obtainCertificate(wanted, certificateDeps)
    await store.write(each, next)
    present.set(each, next)
    return next
  }
  return {
    ca: await store.authority(),
    client: () => pair('client'),
    dns: () => pair('dns'),
    async serving(client) {
      const wanted = nodeServing(name, address)
      const kept = await store.find('serving')
      const isGood = kept !== undefined && isValid(kept, deps.clock.now()) && isFor(kept, address)
      if (isGood) present.set('serving', kept)
      else await obtain('serving', wanted, client)
      const renewal = (each: string, what: Wanted, used: (next: Pair) => void = () => {}): RenewedPair => ({
        name: each,
        current: () => pair(each),
        renew: async () => used(await obtain(each, what, client)),
      })
      return {
        pair: pair('serving'),
        keepRenewed(renewed) {
          const all = [renewal('client', nodeClient(name)), renewal('dns', dnsClient), renewal('serving', wanted, renewed)]
          void keepRenewed(all, { ...deps, random: Math.random })
        },
      }
    },
  }
}

function isFor({ cert }: Pair, address: string): boolean {
  return new X509Certificate(cert).checkIP(address) !== undefined
}
