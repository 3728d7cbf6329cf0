import { afterAll, beforeAll, expect, test } from 'vitest'
import { backend, rules, TestSite } from './test-site.ts'

const site = await TestSite.start()
afterAll(() => site[Symbol.asyncDispose]())

beforeAll(async () => {
  for (const name of ['a', 'b', 'c', 'd', 'wild', 'any', 'fallback']) await site.service(name)
  site.ingress('hosts', {
    ...rules({
      'one.example.com/': 'a',
      'one.example.com/foo': 'b',
      'one.example.com/foo/bar/': 'c',
      'one.example.com/foo=': 'd',
      'two.example.com/only=': 'a',
      'two.example.com/deep/path': 'b',
      '*.wild.example.com/': 'wild',
      'own.wild.example.com/x': 'a',
      '/any': 'any',
    }),
  })
  site.ingress('old', {
    rules: [
      { host: 'old.example.com', http: { paths: [{ path: '/kubia/*', pathType: 'ImplementationSpecific', backend: backend('a') }] } },
      { host: 'named.example.com', http: { paths: [{ pathType: 'ImplementationSpecific', backend: backend('b', { name: 'http' }) }] } },
    ],
  })
  site.ingress('with-default', { ...rules({ 'def.example.com/a': 'a' }), defaultBackend: backend('b') })
  site.ingress('pathless', { rules: [{ host: 'pathless.example.com' }], defaultBackend: backend('c') })
  site.ingress('other-class', { ...rules({ 'foreign.example.com/': 'a' }), ingressClassName: 'nginx' })
  await site.settled()
})

test.for<[string, string, string]>([
  ['one.example.com', '/', 'a'],
  ['one.example.com', '/anything', 'a'],
  ['ONE.example.com', '/', 'a'],
  ['one.example.com.', '/', 'a'],
  ['one.example.com:8080', '/', 'a'],
  ['ONE.Example.com.:8080', '/', 'a'],
  ['one.example.com:', '/', 'a'],
  ['one.example.com', '/foo', 'd'],
  ['one.example.com', 'http://one.example.com/foo', 'd'],
  ['one.example.com', '/foo/', 'b'],
  ['one.example.com', '/foo/x', 'b'],
  ['one.example.com', '/foo?x=/bar', 'd'],
  ['one.example.com', '/foobar', 'a'],
  ['one.example.com', '/Foo/x', 'a'],
  ['one.example.com', '/foo/bar', 'c'],
  ['one.example.com', '/foo/bar/', 'c'],
  ['one.example.com', '/foo/barx', 'b'],
  // As it is sent: nothing is decoded, and no slash is left out.
  ['one.example.com', '/foo%2Fx', 'a'],
  ['one.example.com', '/%66oo/x', 'a'],
  ['one.example.com', '//foo/x', 'a'],
  ['one.example.com', '//', 'a'],
  ['one.example.com', '/foo//x', 'b'],
  ['one.example.com', '/foo//bar', 'b'],
  ['one.example.com', '/foo;x=1', 'a'],
  ['one.example.com', '/foo/;x=1', 'b'],
  ['one.example.com', '/foo/...', 'b'],
  ['one.example.com', '/foo/.hidden', 'b'],
  ['one.example.com', '/foo/..x/y', 'b'],
  ['one.example.com', '/foo/x?y=/../z', 'b'],
  ['one.example.com', '/foo/%252e%252e/x', 'b'],
  ['two.example.com', '/only', 'a'],
  ['two.example.com', '/deep/path/x', 'b'],
  ['x.wild.example.com', '/', 'wild'],
  ['X.WILD.example.com.', '/', 'wild'],
  ['own.wild.example.com', '/x', 'a'],
  ['127.0.0.1', '/any', 'any'],
  ['', '/any', 'any'],
  ['a.b.wild.example.com', '/any', 'any'],
  ['.wild.example.com', '/any', 'any'],
  ['unknown.example.com', '/any/x', 'any'],
  ['old.example.com', '/kubia', 'a'],
  ['old.example.com', '/kubia/x', 'a'],
  ['named.example.com', '/x', 'b'],
  ['def.example.com', '/a', 'a'],
  ['def.example.com', '/b', 'b'],
  ['pathless.example.com', '/b', 'c'],
])('%s%s is served by %s', async ([host, path, service]) => {
  expect(await site.ask(host, path)).toMatchObject({ status: 200, body: service })
})

test.for<[string, string, string]>([
  ['two.example.com', '/only/', 'no rule for the host two.example.com matches the path /only/'],
  ['two.example.com', '/deep', 'no rule for the host two.example.com matches the path /deep'],
  ['own.wild.example.com', '/', 'no rule for the host own.wild.example.com matches the path /'],
  ['one.example.com', '/foo/../..', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo/%2e%2E/x', 'the path has dots that lead upwards'],
  ['one.example.com', '/..', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo/./x', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo//../x', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo%2f..%2Fx', 'the path has dots that lead upwards'],
  // Some servers leave out what comes behind a semicolon before they go upwards.
  ['one.example.com', '/foo/..;/x', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo/..;a=b', 'the path has dots that lead upwards'],
  ['one.example.com', '/foo/%2e.%3Ba/x', 'the path has dots that lead upwards'],
  ['a"b', '/', 'the host is not a name'],
  ['[::1]', '/any', 'the host is not a name'],
  ['[2001:db8::1]:8080', '/any', 'the host is not a name'],
  ['user@one.example.com', '/', 'the host is not a name'],
  ['one.example.com/foo', '/', 'the host is not a name'],
])('%s%s is refused: %s', async ([host, path, reason]) => {
  const { status, body } = await site.ask(host, path)
  expect([404, 400]).toContain(status)
  expect(body).toBe(`portolan: ${reason}\n`)
})

test('a host without rules of its own is served by the default backend, which another Ingress than its own may have', async () => {
  expect((await site.ask('foreign.example.com', '/')).body).toBe('c')
  site.ingress('fallback', { defaultBackend: backend('fallback') }, { createdAt: '2026-02-01T00:00:00Z' })
  await expect.poll(async () => (await site.ask('foreign.example.com', '/')).body).toBe('fallback')
  expect((await site.ask('a.b.wild.example.com', '/')).body).toBe('fallback')
  expect((await site.ask('two.example.com', '/')).status).toBe(404)
})
