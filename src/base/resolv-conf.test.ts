import { expect, test } from 'vitest'
import { isLoopback, parseResolvConf } from './resolv-conf.ts'

test('a resolv.conf is read as the resolver reads it', () => {
  const text = '# comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2 # second\nsearch a.example\nsearch b.example c.example. .\noptions ndots:2 rotate\n'
  expect(parseResolvConf(text)).toEqual({
    servers: ['192.0.2.1', '192.0.2.2'],
    searches: ['b.example', 'c.example'],
    options: ['ndots:2', 'rotate'],
  })
})

test('name servers of the machine itself are told from others', () => {
  expect(['127.0.0.53', '127.0.0.1', '192.0.2.1', '127.example', '127.0.0.999', '::1'].filter(isLoopback)).toEqual(['127.0.0.53', '127.0.0.1'])
})
