/**
 * Named network namespaces of this machine, as iproute2 knows them (files in /run/netns), and what is in them.
 * Names are letters, digits, `-`, `_` and `.`; others reject with `RangeError`.
 */
export interface Namespaces {
  /** The namespace's file, whether it exists or not: what `RunOptions.netns` takes. */
  path(name: string): string
  /** Makes an empty namespace. One that exists is kept with what is in it. */
  create(name: string): Promise<void>
  /**
   * Takes the name away; the kernel ends the namespace with its devices, and the other ends of its veth pairs, when
   * the last process in it has ended. No error if there is none of that name.
   */
  delete(name: string): Promise<void>
  list(): Promise<readonly string[]>
  /**
   * Brings about all that the network names; telling it again changes nothing. Devices, addresses and routes that are
   * not named are left alone: they belong to pods and data planes. Rejects with `CommandFailed` in the words of ip(8).
   */
  apply(name: string, network: Network): Promise<void>
  /** Removes a device, and the other end of its pair at once. No error if there is none of that name. */
  deleteDevice(name: string, device: string): Promise<void>
  /** IPv4 addresses in a namespace; in the caller's own if no name is given. */
  addresses(name?: string): Promise<readonly HeldAddress[]>
  /** IPv4 routes of the main table in a namespace; in the caller's own if no name is given. */
  routes(name?: string): Promise<readonly HeldRoute[]>
}

/** The wanted content of one namespace. Loopback and every device named here are up. */
export interface Network {
  /** Set before any device is made, so that devices start out with them. */
  readonly sysctls: readonly Sysctl[]
  readonly bridges: readonly Bridge[]
  readonly veths: readonly Veth[]
  readonly addresses: readonly DeviceAddress[]
  readonly routes: readonly Route[]
}

export interface Sysctl {
  /** `net.ipv4.ip_forward` */
  readonly key: string
  readonly value: string
  /** Skip it where the kernel does not have it, e.g. because its module is not loaded. */
  readonly optional?: boolean
}

export interface Bridge {
  readonly name: string
  /** Fixed, because otherwise a bridge has the lowest address of its ports and changes it as they come and go. */
  readonly mac: string
}

/** A pair whose other end is in another namespace, which must exist. That namespace's `Network` sets that end up. */
export interface Veth {
  readonly name: string
  readonly peer: { readonly namespace: string; readonly name: string; readonly mac: string }
  /** The bridge of this namespace that it is a port of. */
  readonly bridge?: string
}

export interface DeviceAddress {
  readonly device: string
  /** With the prefix length: `192.168.99.1/24`. */
  readonly address: string
}

/** To a range, an address, or `default`: by way of a router, or, over a device, directly. */
export type Route =
  | { readonly destination: string; readonly via: string }
  | { readonly destination: string; readonly device: string }

export type HeldAddress = DeviceAddress

export interface HeldRoute {
  /** A range (`10.0.0.0/8`, a single address as `/32`), or `default`. */
  readonly destination: string
  readonly device?: string
  readonly via?: string
}

/** Throws `RangeError` for what cannot be a namespace's name. */
export function checkNamespaceName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw new RangeError(`${JSON.stringify(name)} is no namespace name`)
}
