import { expect, test } from 'vitest'
import { addressInHosts, candidates, parseResolvConf } from './resolver.ts'

const ofPod = parseResolvConf('search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5 edns0\n')

test('resolv.conf is read as resolv.conf(5) says', () => {
  expect(ofPod).toEqual({ servers: ['10.96.0.10'], search: ['default.svc.cluster.local', 'svc.cluster.local'], ndots: 5 })
  expect(parseResolvConf('# nameserver 1.1.1.1\nsearch a\nsearch b c ; d\nnameserver 10.0.0.1\nnameserver 10.0.0.2')).toEqual({
    servers: ['10.0.0.1', '10.0.0.2'],
    search: ['b', 'c'],
    ndots: 1,
  })
  expect(parseResolvConf('')).toEqual({ servers: [], search: [], ndots: 1 })
})

test('names go through the search list, first or last', () => {
  expect(candidates('kubia', ofPod)).toEqual(['kubia.default.svc.cluster.local', 'kubia.svc.cluster.local', 'kubia'])
  expect(candidates('a.b.c.d.e.f', ofPod)[0]).toBe('a.b.c.d.e.f')
  expect(candidates('kubia.', ofPod)).toEqual(['kubia'])
  expect(candidates('kubia', { ...ofPod, search: [] })).toEqual(['kubia'])
})

test('the hosts file is looked into for IPv4 addresses', () => {
  const hosts = '127.0.0.1 localhost\n::1 six localhost\n10.0.0.9\tone two # three\n'
  expect(['localhost', 'two', 'three', 'six'].map((host) => addressInHosts(hosts, host))).toEqual(['127.0.0.1', '10.0.0.9', undefined, undefined])
})
