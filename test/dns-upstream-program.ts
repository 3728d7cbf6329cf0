import { once } from 'node:events'
import { createServer } from 'node:http'
import { TestUpstream } from '../src/dataplane/dns/forward/test-upstream.ts'

/**
 * What a cluster's DNS passes questions on to, and the one host that it knows. Arguments: the address for both, and those of
 * hosts without a name. Names on port 53 and, for a stub domain, on port 5353; hosts on port 80. Says `ready`, and ends when
 * its input does.
 */
const [address = '', ...nameless] = process.argv.slice(2)
const api = { type: 'A', name: 'api.somecompany.com', ttl: 60, data: address } as const
const long = Array.from({ length: 150 }, (_, index) => ({ type: 'A', name: 'long.somecompany.com', ttl: 60, data: `192.0.2.${index}` }) as const)
const seven = { type: 'A', name: 'db.seven.example', ttl: 60, data: '192.0.2.8' } as const
await new TestUpstream({ 'api.somecompany.com': [api], 'long.somecompany.com': long, 'db.seven.example': [seven] }).listen({ address, port: 53 })
await new TestUpstream({ 'db.corp.example': [{ type: 'A', name: 'db.corp.example', ttl: 60, data: '192.0.2.7' }] }).listen({ address, port: 5353 })
for (const host of [address, ...nameless]) {
  await once(createServer((_, response) => response.end('some company\n')).listen({ host, port: 80 }), 'listening')
}
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit(0)).resume()
