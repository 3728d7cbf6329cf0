import { Agent, get } from 'node:http'

/**
 * Asks a URL a number of times, at an even rate and by several at once, and prints at the end as JSON what became of
 * the requests (`Asked` in requests.ts). It retries nothing. Arguments: URL, `new` or `keep-alive`, count, rate per
 * second, how many at once.
 */
const [url = '', connections = 'new', ...numbers] = process.argv.slice(2)
const [count = 0, perSecond = 1, concurrency = 1] = numbers.map(Number)
const timeoutMs = 5_000
/** So many failures are told of one by one. */
const described = 50

interface Failure extends Answer {
  readonly error: string
  /** When it was known. */
  readonly at: string
  readonly tookMs: number
}

const agent = new Agent({ keepAlive: connections === 'keep-alive', maxSockets: concurrency })
const failures: Record<string, number> = {}
const firstFailures: Failure[] = []
const milliseconds: number[] = []
const startedAt = performance.now()
let begun = 0

await Promise.all(Array.from({ length: concurrency }, work))
agent.destroy()
milliseconds.sort((a, b) => a - b)
const at = (share: number) => milliseconds[Math.max(0, Math.ceil(share * milliseconds.length) - 1)] ?? 0
process.stdout.write(JSON.stringify({ count, failures, firstFailures, p50: at(0.5), p99: at(0.99), max: at(1) }))

async function work(): Promise<void> {
  while (begun < count) {
    const dueAt = startedAt + (begun * 1000) / perSecond
    begun += 1
    const waitMs = dueAt - performance.now()
    if (waitMs > 1) await new Promise((wake) => setTimeout(wake, waitMs))
    const sentAt = performance.now()
    const { error, client } = await ask()
    const tookMs = performance.now() - sentAt
    milliseconds.push(tookMs)
    if (error === undefined) continue
    failures[error] = (failures[error] ?? 0) + 1
    if (firstFailures.length < described) firstFailures.push({ at: new Date().toISOString(), error, client, tookMs: Math.round(tookMs) })
  }
}

interface Answer {
  /** What went wrong. */
  readonly error?: string
  /** Address and port that it was asked from. */
  readonly client: string
}

function ask(): Promise<Answer> {
  return new Promise((resolve) => {
    let client = 'not connected'
    const end = (error?: string) => resolve(error === undefined ? { client } : { error, client })
    const request = get(url, { agent, timeout: timeoutMs }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => end(isAnswer(response.statusCode, body) ? undefined : `status ${response.statusCode}`))
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    })
    request.on('socket', (socket) => {
      const note = () => (client = `${socket.localAddress}:${socket.localPort}`)
      if (socket.connecting) socket.once('connect', note)
      else note()
    })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

function isAnswer(status: number | undefined, body: string): boolean {
  return status === 200 && body.startsWith("You've hit ")
}
