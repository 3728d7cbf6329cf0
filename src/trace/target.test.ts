import { expect, test } from 'vitest'
import { parseSource } from './source-choice.ts'
import { parseTarget } from './target.ts'

for (const { text, ...target } of [
  { text: 'http://kubia', protocol: 'tcp', host: 'kubia', port: 80, path: '/' },
  { text: 'http://kubia.shop:8080/a/b?c=d', protocol: 'tcp', host: 'kubia.shop', port: 8080, path: '/a/b?c=d' },
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
  { text: 'https://kubia', says: 'TLS is not spoken: give tcp://kubia:443' },
  { text: 'ftp://kubia', says: 'ftp:// is not known' },
  { text: 'tcp://[::1]:80', says: 'clusters have no IPv6' },
]) {
  test(`${JSON.stringify(text)} is none`, () => {
    expect(() => parseTarget(text)).toThrow(says)
  })
}

test('places to connect from are read', () => {
  expect(['pod/a', 'node/node-2', 'node', 'outside'].map(parseSource)).toEqual([
    { kind: 'pod', name: 'a' },
    { kind: 'node', name: 'node-2' },
    { kind: 'node' },
    { kind: 'outside' },
  ])
  for (const text of ['pod', 'pod/', 'service/a', 'outside/a', '']) expect(() => parseSource(text)).toThrow('is no place to connect from')
})
