import { expect, test } from 'vitest'
import type { Description } from './description.ts'
import { whatCanBeTold } from './what-can-be-told.ts'

const certificate = { pem: 'new', hosts: ['a.com'], ingresses: [] }

/** Routes as `HOST/PATH`, `HOST/PATH=` for exact ones, and `HOST` for what no path matches. */
function description(backends: Readonly<Record<string, string>>, routes: Readonly<Record<string, string>>, others: Partial<Description> = {}): Description {
  const maps = { hosts: new Map<string, string>(), exact: new Map<string, string>(), prefixes: new Map<string, string>(), defaults: new Map<string, string>(), canaries: new Map<string, string>() }
  for (const [route, backend] of Object.entries(routes)) {
    const [host = ''] = route.split('/')
    maps.hosts.set(host, host)
    if (route.endsWith('=')) maps.exact.set(route.slice(0, -1), backend)
    else if (route === host) maps.defaults.set(host, backend)
    else maps.prefixes.set(route, backend)
  }
  const texts = Object.entries(backends).map(([name, text]) => [name, { text, serverOptions: '', ingresses: [] }] as const)
  return { main: 'main', backends: new Map(texts), servers: new Map(), maps, certificates: new Map(), ...others }
}

function routesOf({ maps }: Description): Record<string, string> {
  const exact = [...maps.exact].map(([key, backend]) => [`${key}=`, backend])
  return Object.fromEntries([...exact, ...maps.prefixes, ...maps.defaults])
}

const last = description({ a: 'a', b: 'b' }, { 'a.com/': 'a', 'a.com/x=': 'b', 'b.com/': 'b', 'b.com': 'b', 'gone.com/': 'a' })

for (const { name, next, routes } of [
  { name: 'hosts whose backends are there', next: description({ a: 'a', b: 'b', c: 'c' }, { 'a.com/': 'b', 'new.com/': 'a', 'c.com/': 'c' }), routes: { 'a.com/': 'b', 'new.com/': 'a' } },
  { name: 'not a host with one that is not', next: description({ a: 'a', b: 'b', c: 'c' }, { 'a.com/': 'b', 'a.com/y=': 'c' }), routes: { 'a.com/x=': 'b', 'a.com/': 'a' } },
  { name: 'nor one with a backend that is to be otherwise', next: description({ a: 'a', b: 'other' }, { 'a.com/': 'a', 'b.com/': 'a', 'b.com': 'b' }), routes: { 'a.com/': 'a', 'b.com/': 'b', 'b.com': 'b' } },
]) {
  test(name, () => {
    const told = whatCanBeTold(last, next)
    expect(routesOf(told)).toEqual(routes)
    expect([...told.maps.hosts.keys()].sort()).toEqual([...new Set(Object.keys(routes).map((route) => route.split('/')[0]))].sort())
    expect([told.main, told.backends]).toEqual([last.main, last.backends])
  })
}

test('certificates, and the weights of canaries that are there', () => {
  const weights = (canaries: Readonly<Record<string, string>>): Description => {
    const plain = description({ a: 'a', b: 'b' }, {})
    return { ...plain, maps: { ...plain.maps, canaries: new Map(Object.entries(canaries)) } }
  }
  const next = { ...weights({ a: '20', c: '5' }), certificates: new Map([['cert', certificate]]) }
  const told = whatCanBeTold(weights({ a: '10', b: '30' }), next)
  expect(told.maps.canaries).toEqual(new Map([['a', '20'], ['b', '30']]))
  expect(told.certificates).toBe(next.certificates)
})
