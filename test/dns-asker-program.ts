import { createSocket } from 'node:dgram'
import { decode, encode } from 'dns-packet'

/**
 * Asks a DNS server for an address again and again, a new question every few milliseconds whatever became of those before,
 * until its input ends. Then it prints as JSON what became of them (`DnsAsked` in dns-asking.ts). Arguments: server, name.
 */
const pauseMs = 3
const [server = '', name = ''] = process.argv.slice(2)
const failures: Record<string, number> = {}
/** When good answers came, and how long they took. */
const answers: { at: number; tookMs: number }[] = []
const sentAt = new Map<number, number>()
/** When questions failed. */
const failedAt: number[] = []
let id = 0
let stopped = false

const socket = createSocket('udp4')
// The kernel says so when nobody listens.
socket.on('error', (error: NodeJS.ErrnoException) => count(error.code ?? error.message))
socket.on('message', (packet) => {
  const answer = decode(packet)
  const at = performance.now()
  if ((answer.flags ?? 0) % 16 !== 0 || answer.answers?.length !== 1) return count(`response code ${(answer.flags ?? 0) % 16}`)
  if (answers.length === 0) process.stdout.write('answered\n')
  answers.push({ at, tookMs: at - (sentAt.get(answer.id ?? 0) ?? at) })
})
socket.connect(53, server, askAgain)
process.stdin.on('end', () => (stopped = true)).resume()

function askAgain(): void {
  if (stopped) return tell()
  id = (id + 1) & 0xffff
  sentAt.set(id, performance.now())
  socket.send(encode({ type: 'query', id, flags: 0x0100, questions: [{ type: 'A', name }] }))
  setTimeout(askAgain, pauseMs)
}

function count(failure: string): void {
  failedAt.push(performance.now())
  failures[failure] = (failures[failure] ?? 0) + 1
}

function tell(): void {
  const gaps = answers.slice(1).map(({ at }, index) => at - (answers[index]?.at ?? at))
  const longest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), 0)
  const told = {
    answers: answers.length,
    failures,
    failedForMs: (failedAt.at(-1) ?? 0) - (failedAt[0] ?? 0),
    longestGapMs: longest(gaps),
    slowestMs: longest(answers.map(({ tookMs }) => tookMs)),
  }
  process.stdout.write(`${JSON.stringify(told)}\n`)
  socket.close()
}
