import { Resolver } from 'node:dns/promises'
import type { Answers, NameAnswer, Questions } from './questions.ts'
import { tryDatagram } from './try-datagram.ts'
import { tryConnection } from './try-connection.ts'
import { tryRequest } from './try-request.ts'

/** Tries everything at once, from the network namespace of this process. */
export async function answer({ connections, names, requests, dnsServer, timeoutMs }: Questions): Promise<Answers> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  resolver.setServers([dnsServer])
  const outcomes = connections.map(async (destination) => {
    const attempt = destination.protocol === 'TCP' ? tryConnection : tryDatagram
    return { ...destination, outcome: await attempt(destination, timeoutMs) }
  })
  const found = names.map((name) => lookUp(resolver, name))
  const asked = requests.map((request) => tryRequest(request, timeoutMs))
  return { connections: await Promise.all(outcomes), names: await Promise.all(found), requests: await Promise.all(asked) }
}

async function lookUp(resolver: Resolver, name: string): Promise<NameAnswer> {
  const [addresses, aliases] = await Promise.allSettled([resolver.resolve4(name), resolver.resolveCname(name)])
  const [alias] = aliases.status === 'fulfilled' ? aliases.value : []
  const cname = alias === undefined ? {} : { alias }
  if (addresses.status === 'fulfilled') return { name, addresses: addresses.value.sort(), ...cname }
  return { name, addresses: [], ...cname, error: (addresses.reason as NodeJS.ErrnoException).code ?? String(addresses.reason) }
}
