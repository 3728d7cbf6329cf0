import { closeSync } from 'node:fs'
import { parseIPv4 } from '../base/ip.ts'

/** The other end of a packet. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** System calls on UDP sockets for which Node.js has no interface. */
export interface SocketCalls {
  /** The descriptor of a new UDP socket; undefined if the address cannot be had, of which `bind` of node:dgram tells more. Throws `RangeError`. */
  bindUdp4(at: Peer): number | undefined
  /** recvmmsg(2), without waiting: how many came, -1 if none. `headers` is the address of `most` of `struct mmsghdr`. */
  receive(descriptor: number, headers: bigint, most: number): number
  /** sendmmsg(2): how many were sent until one could not be, -1 if that was the first. */
  send(descriptor: number, headers: bigint, count: number): number
  /** Where the octets are in memory. They stay there for as long as somebody holds the buffer. */
  addressOf(octets: Buffer): bigint
}

/** Of a `struct sockaddr_in`. */
export const socketAddressBytes = 16

/** What the numbers here hold for, and the layouts of structures: 64 bits, the lowest octet first. */
const architectures: readonly string[] = ['x64', 'arm64']
const [internet, datagrams, closeOnExec, nonBlocking] = [2, 2, 0o2000000, 0o4000]
const dontWait = 0x40

/** Rejects where this machine or this Node.js does not have them: `node:ffi` is experimental. */
export async function socketCalls(): Promise<SocketCalls> {
  if (process.platform !== 'linux' || !architectures.includes(process.arch)) {
    throw new Error(`${process.platform} on ${process.arch} is not known`)
  }
  const { dlopen, getRawPointer } = await import('node:ffi')
  const { functions } = dlopen(null, {
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    bind: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
    recvmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'], return: 'int32' },
    sendmmsg: { arguments: ['int32', 'pointer', 'uint32', 'int32'], return: 'int32' },
  })
  return {
    bindUdp4(at) {
      const name = Buffer.alloc(socketAddressBytes)
      writeSocketAddress(name, 0, at)
      const descriptor = functions.socket(internet, datagrams | closeOnExec | nonBlocking, 0)
      if (descriptor < 0) return undefined
      if (functions.bind(descriptor, name, name.length) === 0) return descriptor
      closeSync(descriptor)
      return undefined
    },
    receive: (descriptor, headers, most) => functions.recvmmsg(descriptor, headers, most, dontWait, 0n),
    send: (descriptor, headers, count) => functions.sendmmsg(descriptor, headers, count, 0),
    addressOf: getRawPointer,
  }
}

/** Writes a `struct sockaddr_in`, of whose last octets none is looked at. Throws `RangeError` for what is no IPv4 address. */
export function writeSocketAddress(octets: Buffer, offset: number, { address, port }: Peer): void {
  const number = parseIPv4(address)
  if (number === undefined) throw new RangeError(`${JSON.stringify(address)} is no IPv4 address`)
  octets.writeUInt16LE(internet, offset)
  octets.writeUInt16BE(port, offset + 2)
  octets.writeUInt32BE(number, offset + 4)
}
