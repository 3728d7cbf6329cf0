import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Clock } from '../../../base/clock.ts'
import type { HostPort } from '../../../base/host-port.ts'
import { Frames, frame } from '../frames.ts'
import { readExternalAnswer, type ExternalAnswer } from './external-answer.ts'
import { encodeQuery, type ExternalQuery } from './external-query.ts'

/** Packets get lost: the same one is sent again after this time. */
const resendMs = 800
const headerBytes = 12

/**
 * Asks one name server: over UDP, and over TCP for what UDP has no room for. An answer counts only if it comes from where
 * the question went, and has its random id and its question. Rejects if there is none in time, or if the signal aborts.
 */
export async function ask(upstream: HostPort, query: ExternalQuery, deps: AskDeps): Promise<ExternalAnswer> {
  const packet = encodeQuery(query, randomInt(0x10000))
  const short = await askByUdp(upstream, packet, deps)
  if (!short.truncated) return short
  return askByTcp(upstream, packet, deps)
}

export interface AskDeps {
  /** For an answer over one transport. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

function askByUdp({ address, port }: HostPort, query: Buffer, deps: AskDeps): Promise<ExternalAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ExternalAnswer>()
  // Connected, so that the kernel drops what others send and reports a closed port at once.
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('error', reject)
  socket.on('message', (packet) => {
    const answer = answerTo(packet, query)
    if (answer !== undefined) resolve(answer)
  })
  let cancelResend = () => {}
  socket.connect(port, address, () => {
    socket.send(query)
    cancelResend = deps.clock.after(resendMs, () => socket.send(query))
  })
  return settled(promise, { ...deps, reject }).finally(() => {
    cancelResend()
    socket.close()
  })
}

function askByTcp({ address, port }: HostPort, query: Buffer, deps: AskDeps): Promise<ExternalAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ExternalAnswer>()
  const socket = connect({ host: address, port })
  const frames = new Frames()
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('closed the connection')))
  socket.on('data', (piece: Buffer) => {
    const [answer] = frames.push(piece).flatMap((packet) => answerTo(packet, query) ?? [])
    if (answer !== undefined) resolve(answer)
  })
  socket.write(frame(query))
  return settled(promise, { ...deps, reject }).finally(() => socket.destroy())
}

/** Ends it when the time is over or the signal aborts. */
function settled<T>(promise: Promise<T>, { timeoutMs, clock, signal, reject }: AskDeps & { reject(reason: unknown): void }): Promise<T> {
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  const cancel = clock.after(timeoutMs, () => reject(new Error('no answer in time')))
  return promise.finally(() => {
    cancel()
    signal.removeEventListener('abort', abort)
  })
}

/** The answer to this query that a packet is: same id, a response, and the same question, whatever its case. */
function answerTo(packet: Buffer, query: Buffer): ExternalAnswer | undefined {
  if (packet.length < headerBytes || packet.readUInt16BE(0) !== query.readUInt16BE(0)) return undefined
  if ((packet.readUInt8(2) & 0x80) === 0) return undefined
  const answer = readExternalAnswer(packet)
  if (answer === undefined) return undefined
  // Errors may come without the question.
  if (packet.readUInt16BE(4) === 0) return answer.rcode === 0 ? undefined : answer
  const end = questionEnd(query)
  return text(packet, end) === text(query, end) ? answer : undefined
}

function questionEnd(query: Buffer): number {
  let offset = headerBytes
  while (offset < query.length && query[offset] !== 0) offset += 1 + (query[offset] ?? 0)
  return offset + 5
}

function text(packet: Buffer, end: number): string {
  return packet.toString('latin1', headerBytes, Math.min(end, packet.length)).toLowerCase()
}
