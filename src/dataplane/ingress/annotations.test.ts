import { describe, expect, test } from 'vitest'
import { annotationNames, wishesOf } from './annotations.ts'

const read = (annotations: Record<string, string>) =>
  wishesOf(Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`portolan.dev/${name}`, value])))

/** Values that are taken, and what comes of them; every annotation has one here. */
const good: readonly [Record<string, string>, object][] = [
  [{ 'ssl-redirect': 'true' }, { settings: { sslRedirect: true } }],
  [{ 'ssl-redirect': 'false' }, { settings: {} }],
  [{ 'rewrite-target': '/v1/api' }, { settings: { rewriteTarget: '/v1/api' } }],
  [{ 'connect-timeout': '500ms' }, { settings: { connectTimeoutMs: 500 } }],
  [{ 'response-timeout': '90' }, { settings: { responseTimeoutMs: 90_000 } }],
  [{ 'response-timeout': '5m' }, { settings: { responseTimeoutMs: 300_000 } }],
  [{ 'max-body-size': '8m' }, { settings: { maxBodySize: 8 * 1024 ** 2 } }],
  [{ 'backend-protocol': 'HTTP' }, { settings: {} }],
  [{ 'backend-protocol': 'https' }, { settings: { protocol: 'https' } }],
  [{ 'backend-protocol': 'GRPC' }, { settings: { protocol: 'h2c' } }],
  [
    { 'cors-allow-origin': 'https://a.com, http://localhost:3000', 'cors-allow-methods': 'GET,PUT', 'cors-allow-headers': 'X-One', 'cors-allow-credentials': 'true', 'cors-max-age': '5' },
    { settings: { cors: { origins: ['https://a.com', 'http://localhost:3000'], methods: ['GET', 'PUT'], headers: ['X-One'], allowsCredentials: true, maxAgeSeconds: 5 } } },
  ],
  [{ 'cors-max-age': '5' }, { settings: {} }],
  [{ 'auth-secret': 'users', 'auth-realm': 'Staff only' }, { settings: { auth: { secret: 'users', realm: 'Staff only' } } }],
  [{ 'rate-limit': '20' }, { settings: { rateLimit: 20 } }],
  [{ 'allow-source-ranges': '10.0.0.0/8, 192.168.1.1' }, { settings: { allowedSources: ['10.0.0.0/8', '192.168.1.1'] } }],
  [{ 'sticky-cookie': 'route' }, { settings: { stickyCookie: 'route' } }],
  [{ canary: 'true', 'canary-weight': '20', 'canary-header': 'X-Canary' }, { canary: { weight: 20, header: 'X-Canary' }, settings: {} }],
  [{ canary: 'false', 'canary-weight': '20' }, { settings: {} }],
  [{ 'share-hosts-with': 'team-a, team-b' }, { sharesHostsWith: ['team-a', 'team-b'], settings: {} }],
]

test.for(good)('%j is understood', ([annotations, wishes]) => {
  expect(read(annotations)).toEqual({ wishes: { sharesHostsWith: [], ...wishes }, problems: [] })
})

test('every annotation is among those', () => {
  expect([...new Set(good.flatMap(([annotations]) => Object.keys(annotations)))].sort()).toEqual([...annotationNames].sort())
})

describe('what cannot be used is said, and counts as not there', () => {
  const bad: readonly [string, string, string][] = [
    ['ssl-redirect', 'yes', 'must be "true" or "false"'],
    ['rewrite-target', '/$1', 'must be a path of letters, digits and "/_.~-"'],
    ['rewrite-target', '/a\n  http-request deny', 'must be a path of letters, digits and "/_.~-"'],
    ['connect-timeout', '2 days', 'must be a duration such as "30s", at most 24h'],
    ['response-timeout', '25h', 'must be a duration such as "30s", at most 24h'],
    ['max-body-size', '8x', 'must be a size such as "8m"'],
    ['backend-protocol', 'AJP', 'must be one of HTTP, HTTPS, H2C, GRPC'],
    ['backend-protocol', 'constructor', 'must be one of HTTP, HTTPS, H2C, GRPC'],
    ['cors-allow-origin', 'https://a.com"', 'must be "*", or origins such as "https://example.com"'],
    ['auth-secret', '../other/users', 'must be the name of a Secret'],
    ['auth-secret', 'other/users', 'must be the name of a Secret'],
    ['auth-realm', 'a" unless TRUE', 'must be at most 64 letters, digits, blanks and "_.-"'],
    ['rate-limit', '0', 'must be a whole number from 1 to 1000000'],
    ['allow-source-ranges', '10.0.0.0/8, everywhere', 'must be IPv4 addresses and ranges such as "10.0.0.0/8"'],
    ['sticky-cookie', 'a b', 'must be at most 64 letters, digits and "_-"'],
    ['canary-weight', '101', 'must be a whole number from 0 to 100'],
    ['canary-header', 'X: y', 'must be the name of a header'],
  ]
  test.for(bad)('%s: %j', ([name, value, reason]) => {
    expect(read({ [name]: value })).toEqual({
      wishes: { settings: {}, sharesHostsWith: [] },
      problems: [`annotation portolan.dev/${name}: ${JSON.stringify(value)} ${reason}`],
    })
  })

  test('an unknown one', () => {
    expect(read({ 'ssl-redirct': 'true' }).problems).toEqual(['annotation portolan.dev/ssl-redirct is not known'])
    expect(wishesOf({ 'nginx.ingress.kubernetes.io/ssl-redirect': 'true' }).problems).toEqual([])
  })
})
