import { get } from 'node:http'

/**
 * Asks a URL with a new connection every few milliseconds, whatever becomes of the others, until its input ends. Then
 * prints as JSON the failures (`Lost` in fail-over.ts) and how many were sent. Arguments: URL, milliseconds between two.
 */
const [url = '', every = '5'] = process.argv.slice(2)
/** A client that waits longer has given up. */
const patienceMs = 1_000

const lost: { readonly sentAtMs: number; readonly code: string }[] = []
const under = new Set<Promise<void>>()
let sent = 0

const timer = setInterval(() => {
  const asked = ask().finally(() => under.delete(asked))
  under.add(asked)
}, Number(every))
for await (const _ of process.stdin);
clearInterval(timer)
await Promise.all(under)
process.stdout.write(JSON.stringify({ sent, lost }))

function ask(): Promise<void> {
  sent += 1
  const sentAtMs = performance.now()
  return new Promise((resolve) => {
    const end = (code?: string) => {
      if (code !== undefined) lost.push({ sentAtMs, code })
      resolve()
    }
    const signal = AbortSignal.timeout(patienceMs)
    const request = get(url, { agent: false, signal }, (response) => {
      response.resume()
      response.on('end', () => end(response.statusCode === 200 ? undefined : `status ${response.statusCode}`))
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    })
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
