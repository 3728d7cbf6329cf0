import { once } from 'node:events'
import { createServer } from 'node:http'
import { TestUpstream } from '../../src/dataplane/dns/forward/test-upstream.ts'

/**
 * The hosts outside of the cluster that the chapter tells of, and the DNS that knows one of them. Arguments: the address of
 * the DNS, which is also that of api.somecompany.com, and addresses of other hosts. Says `ready`, and ends when its input does.
 */
const [address = '', ...others] = process.argv.slice(2)
const name = 'api.somecompany.com'
await new TestUpstream({ [name]: [{ type: 'A', name, ttl: 60, data: address }] }).listen({ address, port: 53 })
for (const host of [address, ...others]) {
  await once(createServer((_, response) => response.end('some company\n')).listen({ host, port: 80 }), 'listening')
}
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit(0)).resume()
