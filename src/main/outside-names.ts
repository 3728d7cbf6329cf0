import { Resolver } from 'node:dns/promises'
import { BlockList, isIPv4 } from 'node:net'
import { parseHostPort } from '../base/host-port.ts'

export interface OutsideNamesOptions {
  /** Name servers that are asked about a name, `address` or `address:port`; those of the machine if undefined. */
  serversFor(name: string): Promise<readonly string[] | undefined>
  /** Nobody is asked any more once it has aborted, and whoever waits for an answer is told so. */
  readonly signal: AbortSignal
}

/** Each name server is asked so long, and so often. */
const patience = { timeout: 2_000, tries: 2 }

/** Addresses that mean the machine itself, its neighbours or nobody: what is there is not for clients of an Ingress. */
const own = new BlockList()
for (const [network, bits] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 3]] as const) own.addSubnet(network, bits)

/**
 * What finds the IPv4 addresses of names outside of the cluster; an address is its own name. Rejects with the reason if
 * there is none that may be served.
 */
export function outsideNames({ serversFor, signal }: OutsideNamesOptions): (name: string) => Promise<readonly string[]> {
  return async (name) => {
    const addresses = isIPv4(name) ? [name] : await ask(name, await serversFor(name), signal)
    const usable = addresses.filter((address) => !own.check(address))
    if (usable.length === 0) throw new Error(`its address ${addresses.join(', ')} is none of another machine`)
    return usable
  }
}

async function ask(name: string, servers: readonly string[] | undefined, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted()
  const resolver = new Resolver(patience)
  if (servers?.length === 0) throw new Error('the cluster has no name servers to ask about names outside of it')
  if (servers !== undefined) resolver.setServers(servers.map(withPort))
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    // The name is whole: nothing is to be put behind it.
    return await resolver.resolve4(name)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function withPort(server: string): string {
  const { address, port } = parseHostPort(server, 53) ?? { address: server, port: 53 }
  return isIPv4(address) ? `${address}:${port}` : `[${address}]:${port}`
}
