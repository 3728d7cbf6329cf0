import { BlockList } from 'node:net'
import type { Address } from './endpoints.ts'
import type { MainSettings } from './main-text.ts'

export interface OwnAddressesOptions {
  readonly settings: Pick<MainSettings, 'addresses' | 'relayedAt' | 'ports'>
  /** What leads here from elsewhere, by the ports of HTTP and HTTPS. */
  readonly publicAddresses: readonly string[]
  /** IPv4 addresses of the machine or namespace: HAProxy may listen on all of them. Asked for when it matters only. */
  readonly localAddresses: () => readonly string[]
}

/** Addresses that mean the machine itself, whatever its interfaces have. */
const always = new BlockList()
for (const network of ['0.0.0.0', '127.0.0.0']) always.addSubnet(network, 8)

/** Says of an address whether whoever connects there comes to this ingress: HAProxy would ask itself, without an end. */
export function ownAddresses({ settings, publicAddresses, localAddresses }: OwnAddressesOptions): (address: Address) => boolean {
  const { addresses, relayedAt, ports } = settings
  const listens = (host: string) => addresses.includes(host) || host === relayedAt || (addresses.includes('*') && (always.check(host) || localAddresses().includes(host)))
  return (address) => {
    const [host = '', port] = address.split(':')
    const isOf = (...numbers: readonly number[]) => numbers.includes(Number(port))
    return (isOf(ports.http, ports.https) && listens(host)) || (isOf(80, 443) && publicAddresses.includes(host))
  }
}
