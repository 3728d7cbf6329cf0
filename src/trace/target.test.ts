import { expect, test } from 'vitest'
import { parseSource } from './source-choice.ts'
import { asking, hostHeader, parseTarget } from './target.ts'

for (const { text, ...target } of [
  { text: 'http://kubia', protocol: 'tcp', host: 'kubia', port: 80, path: '/' },
  { text: 'http://kubia.shop:8080/a/b?c=d', protocol: 'tcp', host: 'kubia.shop', port: 8080, path: '/a/b?c=d' },
  { text: 'https://kubia.example.com/a', protocol: 'tcp', host: 'kubia.example.com', port: 443, path: '/a', tls: true },
  { text: 'tcp://10.96.0.1:443', protocol: 'tcp', host: '10.96.0.1', port: 443 },
  { text: 'udp://kube-dns.kube-system:53', protocol: 'udp', host: 'kube-dns.kube-system', port: 53 },
  { text: 'kubia:80', protocol: 'tcp', host: 'kubia', port: 80 },
] as const) {
  test(`${text} is a destination`, () => {
    expect(parseTarget(text)).toEqual({ text, ...target })
  })
}

for (const { text, says } of [
  { text: 'kubia', says: '"kubia" has no port: give a destination such as http://kubia' },
  { text: 'tcp://kubia:0', says: 'has no port' },
  { text: 'tcp://kubia:70000', says: 'is no destination' },
  { text: '', says: '"" is no destination' },
  { text: 'ftp://kubia', says: 'ftp:// is not known' },
  { text: 'tcp://[::1]:80', says: 'clusters have no IPv6' },
]) {
  test(`${JSON.stringify(text)} is none`, () => {
    expect(() => parseTarget(text)).toThrow(says)
  })
}

test('another host may be asked for than is connected to', () => {
  const headers = ['http://kubia', 'http://kubia:8080', 'https://kubia', 'https://kubia:80'].map((text) => hostHeader(parseTarget(text)))
  expect(headers).toEqual(['kubia', 'kubia:8080', 'kubia', 'kubia:80'])
  expect(hostHeader(asking(parseTarget('https://203.0.113.3'), 'kubia.example.com'))).toBe('kubia.example.com')
  expect(() => asking(parseTarget('kubia:80'), 'kubia.example.com')).toThrow('goes with http:// or https://')
})

test('places to connect from are read', () => {
  expect(['pod/a', 'node/node-2', 'node', 'outside'].map(parseSource)).toEqual([
    { kind: 'pod', name: 'a' },
    { kind: 'node', name: 'node-2' },
    { kind: 'node' },
    { kind: 'outside' },
  ])
  for (const text of ['pod', 'pod/', 'service/a', 'outside/a', '']) expect(() => parseSource(text)).toThrow('is no place to connect from')
})
