import type { Network } from './namespaces.ts'

/** A device as `ip -details -json address` reports it, reduced to what planning needs. */
export interface HeldDevice {
  readonly name: string
  /** `bridge`, `veth`, …; '' for loopback and hardware. */
  readonly kind: string
  readonly up: boolean
  readonly bridge?: string
  /** IPv4 with prefix length. */
  readonly addresses: readonly string[]
}

/**
 * The lines for `ip -batch` that lead from the held devices to the wanted network, in the order in which they must run.
 * Names stand after `name` or `dev`, since ip(8) takes a bare `br` for its keyword `broadcast`.
 * Routes are always told, with `replace`: that costs less than asking for them. Pure.
 * Throws if a wanted device's name is taken by one of another kind.
 */
export function planNetwork(held: readonly HeldDevice[], wanted: Network): readonly string[] {
  const devices = new Map(held.map((device) => [device.name, device]))
  return [
    ...newBridges(devices, wanted),
    ...newVeths(devices, wanted),
    ...bridgePorts(devices, wanted),
    ...newAddresses(devices, wanted),
    ...namedDevices(wanted)
      .filter((name) => devices.get(name)?.up !== true)
      .map((name) => `link set dev ${name} up`),
    ...wanted.routes.map((route) => `route replace ${route.destination} ${'via' in route ? `via ${route.via}` : `dev ${route.device}`}`),
  ]
}

type Devices = ReadonlyMap<string, HeldDevice>

function newBridges(devices: Devices, { bridges }: Network): string[] {
  return bridges
    .filter(({ name }) => isMissing(devices, name, 'bridge'))
    .map(({ name, mac }) => `link add name ${name} address ${mac} type bridge`)
}

function newVeths(devices: Devices, { veths }: Network): string[] {
  return veths
    .filter(({ name }) => isMissing(devices, name, 'veth'))
    .map(({ name, peer: { name: other, mac, namespace } }) => {
      return `link add name ${name} type veth peer name ${other} address ${mac} netns ${namespace}`
    })
}

function isMissing(devices: Devices, name: string, kind: string): boolean {
  const device = devices.get(name)
  if (device !== undefined && device.kind !== kind) {
    const found = device.kind === '' ? 'hardware device' : device.kind
    throw new Error(`device ${name} should be a ${kind} but is a ${found}`)
  }
  return device === undefined
}

function bridgePorts(devices: Devices, { veths }: Network): string[] {
  return veths.flatMap(({ name, bridge }) =>
    bridge === undefined || devices.get(name)?.bridge === bridge ? [] : [`link set dev ${name} master ${bridge}`],
  )
}

function newAddresses(devices: Devices, { addresses }: Network): string[] {
  return addresses
    .filter(({ device, address }) => devices.get(device)?.addresses.includes(address) !== true)
    .map(({ device, address }) => `address add ${address} dev ${device}`)
}

function namedDevices({ bridges, veths, addresses }: Network): string[] {
  const made = [...bridges, ...veths].map(({ name }) => name)
  return [...new Set(['lo', ...made, ...addresses.map(({ device }) => device)])]
}
