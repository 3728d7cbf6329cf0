import { expect, test } from 'vitest'
import type { Ingress, IngressSpec } from '../../api/kinds/ingress.ts'
import { nameOf } from './owners.ts'
import { routingOf } from './routes.ts'
import { backend, rules } from './test-site.ts'

let made = 0

/** Each is younger than the one before. */
function ingress(name: string, spec: Partial<IngressSpec>, annotations: Record<string, string> = {}): Ingress {
  made += 1
  const [namespace = '', own = ''] = name.split('/')
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1, 0, 0, made)).toISOString()
  const withPrefix = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`portolan.dev/${key}`, value]))
  const metadata = { namespace, name: own, uid: name, resourceVersion: '1', creationTimestamp, annotations: withPrefix }
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: spec as IngressSpec }
}

/** What is served by whom, `HOST/PATH: NAMESPACE/NAME SERVICE`, and what is complained of. */
function judged(...ingresses: Ingress[]) {
  const [one, other] = [routingOf(ingresses), routingOf(ingresses.toReversed())]
  expect(describe(other)).toEqual(describe(one))
  return describe(one)
}

function describe({ routes, problems, certificates }: ReturnType<typeof routingOf>) {
  return {
    routes: routes.map((route) => `${route.host}${route.path} ${route.match}: ${nameOf(route.ingress)} ${route.backend.service?.name}${route.canary === undefined ? '' : ` ${route.canary.weight}% ${route.canary.backend.service?.name}`}`).sort(),
    problems: problems.map(({ ingress, reason, message }) => `${nameOf(ingress)}: ${reason}: ${message}`).sort(),
    certificates: certificates.filter(({ hosts }) => hosts.length > 0).map(({ ingress, secretName, hosts }) => `${nameOf(ingress)} ${secretName}: ${hosts.join(' ')}`),
  }
}

test('rules of one host are merged over the Ingresses of a namespace; the oldest has a path that several want', () => {
  const older = ingress('team/older', rules({ 'shop.com/': 'front', 'shop.com/api': 'api' }))
  const younger = ingress('team/younger', rules({ 'shop.com/api': 'other', 'shop.com/api=': 'exact', 'shop.com/docs': 'docs' }))
  expect(judged(older, younger)).toMatchObject({
    routes: [
      'shop.com prefix: team/older front',
      'shop.com/api exact: team/younger exact',
      'shop.com/api prefix: team/older api',
      'shop.com/docs prefix: team/younger docs',
    ],
    problems: ['team/younger: PathConflict: path /api (Prefix) of host shop.com is served by Ingress team/older'],
  })
})

test('a host belongs to the namespace that had it first, with all hosts of a wildcard, unless it is shared', () => {
  const owner = ingress('team/owner', rules({ 'shop.com/': 'front', '*.apps.com/': 'apps' }))
  const thief = ingress('evil/thief', rules({ 'shop.com/login': 'phish', 'x.apps.com/': 'phish', 'apps.com/': 'fine' }))
  expect(judged(owner, thief)).toMatchObject({
    routes: ['*.apps.com prefix: team/owner apps', 'apps.com prefix: evil/thief fine', 'shop.com prefix: team/owner front'],
    problems: [
      'evil/thief: HostConflict: host shop.com belongs to Ingress team/owner, which does not share it',
      'evil/thief: HostConflict: host x.apps.com belongs to Ingress team/owner, which does not share it',
    ],
  })
  const sharing = { ...owner, metadata: { ...owner.metadata, annotations: { 'portolan.dev/share-hosts-with': 'evil' } } }
  expect(judged(sharing, thief).problems).toEqual([])
})

test('a younger wildcard does not take what an older host of another namespace has', () => {
  const owner = ingress('team/owner', rules({ 'shop.apps.com/': 'front' }))
  const wildcard = ingress('other/wildcard', rules({ '*.apps.com/': 'rest', 'shop.apps.com/x': 'phish' }))
  expect(judged(owner, wildcard)).toMatchObject({
    routes: ['*.apps.com prefix: other/wildcard rest', 'shop.apps.com prefix: team/owner front'],
    problems: ['other/wildcard: HostConflict: host shop.apps.com belongs to Ingress team/owner, which does not share it'],
  })
})

test('a certificate is for hosts that may be used, and one host has one', () => {
  const owner = ingress('team/owner', { ...rules({ 'shop.com/': 'a' }), tls: [{ hosts: ['shop.com'], secretName: 'cert' }] })
  const same = ingress('team/same', { ...rules({ 'shop.com/x': 'a' }), tls: [{ hosts: ['shop.com', 'more.com'], secretName: 'other' }] })
  const thief = ingress('evil/thief', { defaultBackend: backend('a'), tls: [{ hosts: ['shop.com'], secretName: 'stolen' }] })
  const unnamed = ingress('team/unnamed', { ...rules({ 'third.com/': 'a' }), tls: [{ secretName: 'third' }, { hosts: ['plain.com'] }] })
  expect(judged(owner, same, thief, unnamed)).toMatchObject({
    certificates: ['team/owner cert: shop.com', 'team/same other: more.com', 'team/unnamed third: third.com'],
    problems: [
      'evil/thief: HostConflict: host shop.com belongs to Ingress team/owner, which does not share it',
      'team/same: CertificateConflict: host shop.com has the certificate of Secret cert of Ingress team/owner',
    ],
  })
})

test('a canary takes a part of what another Ingress of its namespace serves', () => {
  const main = ingress('team/main', rules({ 'shop.com/': 'stable' }))
  const canary = ingress('team/canary', rules({ 'shop.com/': 'next', 'shop.com/none': 'next' }), { canary: 'true', 'canary-weight': '10' })
  const second = ingress('team/second', rules({ 'shop.com/': 'third' }), { canary: 'true' })
  expect(judged(main, canary, second)).toMatchObject({
    routes: ['shop.com prefix: team/main stable 10% next'],
    problems: [
      'team/canary: InvalidCanary: no other Ingress of the namespace serves path /none (Prefix) of host shop.com',
      'team/second: InvalidCanary: path / (Prefix) of host shop.com has a canary already: Ingress team/canary',
    ],
  })
})

test('what no request can have, and what is no Service, is left out', () => {
  const odd = ingress('team/odd', {
    rules: [
      {
        host: 'a.com',
        http: {
          paths: [
            { path: '/a b', pathType: 'Prefix', backend: backend('a') },
            { path: '/x\nevil.com/ team_a_80', pathType: 'Exact', backend: backend('a') },
            { path: '/icons', pathType: 'Prefix', backend: { resource: { kind: 'Bucket', name: 'icons' } } },
            { path: '/good', pathType: 'Prefix', backend: backend('a') },
          ],
        },
      },
    ],
  })
  expect(judged(odd)).toMatchObject({
    routes: ['a.com/good prefix: team/odd a'],
    problems: [
      'team/odd: InvalidPath: path "/a b" has characters that no request has',
      'team/odd: InvalidPath: path "/x\\nevil.com/ team_a_80" has characters that no request has',
      'team/odd: UnsupportedBackend: a backend is Bucket icons: only Services can be served',
    ],
  })
})
