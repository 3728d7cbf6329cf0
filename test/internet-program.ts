import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { TestUpstream } from '../src/dataplane/dns/forward/test-upstream.ts'
import { internetAddress } from './machine-with-internet.ts'

/**
 * Names at an address (the argument), port 53; and everywhere, at port 80, a host that says whom it hears, and at port 3128
 * a proxy for HTTP, which asks its own port 5000 whatever host it is asked for. Says `ready`, and ends when its input does.
 */
const [address = ''] = process.argv.slice(2)
const names = ['internet.example', 'proxy.example']
const records = names.map((name) => [name, [{ type: 'A', name, ttl: 60, data: internetAddress } as const]] as const)
await new TestUpstream(Object.fromEntries(records)).listen({ address, port: 53 })
const host = createServer(({ socket }, response) => response.end(`the internet hears ${socket.remoteAddress}\n`))
const proxy = createServer(({ url = '', method = '', headers }, response) => {
  const { pathname, search } = new URL(url)
  const asked = request({ host: internetAddress, port: 5000, path: pathname + search, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  asked.on('error', (error) => response.writeHead(502).end(String(error))).end()
})
await Promise.all([
  once(host.listen(80, '0.0.0.0'), 'listening'),
  once(proxy.listen(3128, '0.0.0.0'), 'listening'),
])
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit(0)).resume()
