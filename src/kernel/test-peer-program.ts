/** The process behind `TestPeer`: its name is the first argument, its orders come over the IPC channel. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Answer, PeerOrder, PeerReply, Question, ServerAddress } from './test-peer.ts'

/** How long a question waits, and a connection between two of them: only what is dropped takes this long. */
const defaultPatienceMs = 10_000

interface Conversation {
  readonly socket: Socket
  readonly say: () => Promise<Answer>
}

const name = process.argv[2] ?? ''
const connections = new Map<number, () => Promise<Answer>>()

process.on('disconnect', () => process.exit())
process.on('message', (order: PeerOrder) => {
  obey(order).then(
    (answer) => reply({ id: order.id, ok: true, ...(answer === undefined ? {} : { answer }) }),
    ({ code = '', message }: NodeJS.ErrnoException) => reply({ id: order.id, ok: false, code, message }),
  )
})
process.send?.('ready')

function reply(message: PeerReply): void {
  process.send?.(message)
}

async function obey(order: PeerOrder): Promise<Answer | undefined> {
  switch (order.op) {
    case 'serve':
      await serve(order)
      return undefined
    case 'ask':
      return order.question.transport === 'tcp' ? askTcp(order.question) : askUdp(order.question)
    case 'open':
      connections.set(order.id, (await openTcp(order.question)).say)
      return undefined
    case 'say':
      return connections.get(order.connection)?.()
  }
}

async function serve({ transport, port, address }: ServerAddress): Promise<void> {
  const answer = (client: string, clientPort: number) => JSON.stringify({ server: name, port, client, clientPort })
  if (transport === 'udp') {
    const socket = createSocket('udp4')
    socket.on('message', (_text, from) => socket.send(answer(from.address, from.port), from.port, from.address))
    socket.bind(port, address)
    await once(socket, 'listening')
    return
  }
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()) // the client's affair
    // Requests and answers are small enough to come in one piece.
    socket.on('data', () => socket.write(answer(socket.remoteAddress ?? '', socket.remotePort ?? 0)))
  })
  server.listen(port, address)
  await once(server, 'listening')
}

async function askTcp(question: Question): Promise<Answer> {
  const { socket, say } = await openTcp(question)
  try {
    return await say()
  } finally {
    socket.resetAndDestroy() // leaves no port in TIME_WAIT
  }
}

async function openTcp({ address, port, localAddress, localPort, patienceMs = defaultPatienceMs }: Question): Promise<Conversation> {
  const local = { ...(localAddress === undefined ? {} : { localAddress }), ...(localPort === undefined ? {} : { localPort }) }
  const socket = connect({ host: address, port, ...local })
  socket.setTimeout(patienceMs, () => socket.destroy(timedOut(address, port)))
  await once(socket, 'connect')
  socket.setTimeout(0) // it may be silent for long between questions
  socket.on('error', () => undefined) // told by the call that waits for it, if any
  const say = async () => {
    socket.setTimeout(patienceMs)
    socket.write('?')
    const [text] = (await once(socket, 'data')) as [Buffer]
    socket.setTimeout(0)
    return JSON.parse(text.toString('utf8')) as Answer
  }
  return { socket, say }
}

async function askUdp({ address, port, localAddress, localPort, patienceMs = defaultPatienceMs }: Question): Promise<Answer> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const timer = setTimeout(() => socket.emit('error', timedOut(address, port)), patienceMs)
  try {
    if (localPort !== undefined || localAddress !== undefined) socket.bind(localPort, localAddress)
    socket.connect(port, address)
    await once(socket, 'connect')
    socket.send('?')
    const [text] = (await once(socket, 'message')) as [Buffer]
    return JSON.parse(text.toString('utf8')) as Answer
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

function timedOut(address: string, port: number): Error {
  return Object.assign(new Error(`nothing came back from ${address}:${port}`), { code: 'ETIMEDOUT' })
}
