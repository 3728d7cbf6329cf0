import { createSocket } from 'node:dgram'

/** The least that an answer costs in Node.js: every packet goes back, with one bit set. ADDRESS PORT. */
const [address = '', port = ''] = process.argv.slice(2)
const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) })
socket.on('message', (packet, from) => {
  packet.writeUInt8(packet.readUInt8(2) | 0x80, 2)
  socket.send(packet, from.port, from.address)
})
socket.bind(Number(port), address)
