import { closeSync } from 'node:fs'
import { dlopen } from 'node:ffi'
import { socketAddressBytes, writeSocketAddress, type Peer } from '../../kernel/socket-calls.ts'

const [internet, rawPackets, udp] = [2, 3, 17]

/** Sends a datagram whose source port is 0, which no UDP socket does: only who may write packets itself. */
export function sendFromPortZero(payload: Buffer, to: Peer): void {
  const { functions } = dlopen(null, {
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    sendto: { arguments: ['int32', 'pointer', 'uint64', 'int32', 'pointer', 'uint32'], return: 'int64' },
  })
  const datagram = Buffer.concat([Buffer.alloc(8), payload])
  datagram.writeUInt16BE(to.port, 2)
  datagram.writeUInt16BE(datagram.length, 4)
  const name = Buffer.alloc(socketAddressBytes)
  writeSocketAddress(name, 0, to)
  const descriptor = functions.socket(internet, rawPackets, udp)
  const sent = functions.sendto(descriptor, datagram, BigInt(datagram.length), 0, name, name.length)
  closeSync(descriptor)
  if (sent !== BigInt(datagram.length)) throw new Error(`the datagram was not sent: ${sent}`)
}
