import { formatCidr, parseIPv4 } from '../base/ip.ts'
import { checkNamespaceName, type HeldAddress, type HeldRoute, type Namespaces, type Network } from './namespaces.ts'

interface FakeNamespace {
  readonly devices: Map<string, FakeDevice>
  readonly routes: Map<string, HeldRoute>
  readonly sysctls: Map<string, string>
}

interface FakeDevice {
  readonly addresses: Set<string>
  readonly peer?: { readonly namespace: string; readonly name: string }
  readonly bridge?: string
}

/** Namespaces in memory, with the kernel's refusals: no pair into a missing namespace, no address without a device. */
export class FakeNamespaces implements Namespaces {
  readonly #namespaces = new Map<string, FakeNamespace>()

  path(name: string): string {
    checkNamespaceName(name)
    return `/run/netns/${name}`
  }

  async create(name: string): Promise<void> {
    checkNamespaceName(name)
    if (this.#namespaces.has(name)) return
    const loopback: FakeDevice = { addresses: new Set() }
    this.#namespaces.set(name, { devices: new Map([['lo', loopback]]), routes: new Map(), sysctls: new Map() })
  }

  async delete(name: string): Promise<void> {
    checkNamespaceName(name)
    for (const device of this.#namespaces.get(name)?.devices.keys() ?? []) await this.deleteDevice(name, device)
    this.#namespaces.delete(name)
  }

  async list(): Promise<readonly string[]> {
    return [...this.#namespaces.keys()].sort()
  }

  async apply(name: string, network: Network): Promise<void> {
    const namespace = this.#get(name)
    for (const { key, value } of network.sysctls) namespace.sysctls.set(key, value)
    for (const bridge of network.bridges) addOnce(namespace.devices, bridge.name, { addresses: new Set<string>() })
    for (const { name: device, peer, bridge } of network.veths) {
      if (namespace.devices.has(device)) continue
      const other = this.#get(peer.namespace)
      namespace.devices.set(device, { addresses: new Set<string>(), peer, ...(bridge === undefined ? {} : { bridge }) })
      other.devices.set(peer.name, { addresses: new Set<string>(), peer: { namespace: name, name: device } })
    }
    for (const { device, address } of network.addresses) deviceOf(namespace, device).addresses.add(address)
    for (const route of network.routes) {
      if ('device' in route) deviceOf(namespace, route.device)
      namespace.routes.set(route.destination, { ...route, destination: asRange(route.destination) })
    }
  }

  async deleteDevice(name: string, device: string): Promise<void> {
    const { devices } = this.#get(name)
    const peer = devices.get(device)?.peer
    devices.delete(device)
    if (peer !== undefined) this.#namespaces.get(peer.namespace)?.devices.delete(peer.name)
  }

  async addresses(name = ''): Promise<readonly HeldAddress[]> {
    return [...this.#get(name).devices].flatMap(([device, { addresses }]) => [
      ...(device === 'lo' ? [{ device, address: '127.0.0.1/8' }] : []),
      ...[...addresses].map((address) => ({ device, address })),
    ])
  }

  async routes(name = ''): Promise<readonly HeldRoute[]> {
    const { routes, devices } = this.#get(name)
    const connected = [...devices].flatMap(([device, { addresses }]) =>
      [...addresses].map((address) => ({ destination: rangeOf(address), device })),
    )
    return [...routes.values(), ...connected]
  }

  /** What a sysctl was set to; undefined if nobody did. */
  sysctl(name: string, key: string): string | undefined {
    return this.#get(name).sysctls.get(key)
  }

  #get(name: string): FakeNamespace {
    const namespace = this.#namespaces.get(name)
    if (namespace === undefined) throw new Error(`there is no network namespace ${name}`)
    return namespace
  }
}

function addOnce<V>(map: Map<string, V>, key: string, value: V): void {
  if (!map.has(key)) map.set(key, value)
}

function deviceOf({ devices }: FakeNamespace, name: string): FakeDevice {
  const device = devices.get(name)
  if (device === undefined) throw new Error(`Cannot find device "${name}"`)
  return device
}

/** A lone address is a range, too. */
function asRange(destination: string): string {
  return destination === 'default' || destination.includes('/') ? destination : `${destination}/32`
}

function rangeOf(address: string): string {
  const [local = '', bits = '32'] = address.split('/')
  const size = 2 ** (32 - Number(bits))
  const value = parseIPv4(local) ?? 0
  return formatCidr({ base: value - (value % size), bits: Number(bits) })
}
