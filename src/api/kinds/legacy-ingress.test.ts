import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf } from '../resource.ts'
import { decodeObject } from '../schema/decode.ts'
import { parseYaml } from '../schema/parse.ts'
import { readSchema } from '../schema/schema-file.ts'
import { ingressKind, type Ingress } from './ingress.ts'
import { type LegacyIngress, legacyIngressViews } from './legacy-ingress.ts'

const schema = readSchema()

/** The chapter's own, of section 5.4.1. */
const chapterManifest = `
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: kubia
spec:
  rules:
  - host: kubia.example.com
    http:
      paths:
      - path: /
        backend:
          serviceName: kubia-nodeport
          servicePort: 80
`

const metadata = {
  name: 'web',
  namespace: 'default',
  uid: 'f9b1a3c0-0000-4000-8000-000000000000',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
}

const name = fc.constantFrom('kubia', 'web', 'a-1')
const reference = fc.record({ apiGroup: fc.constant('a.com'), kind: fc.constant('Bucket'), name })
const optional = { requiredKeys: [] as [] }
const tls = fc.array(fc.record({ hosts: fc.array(name), secretName: name }, optional), { maxLength: 2 })
const pathType = fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific')

/** Ingresses of either form, given that form's backends and the name of the default one. */
function ingressesOf<Backend>(backend: fc.Arbitrary<Backend>, defaultName: string) {
  const path = fc.record({ path: fc.constantFrom('/', '/a'), pathType, backend }, { requiredKeys: ['pathType', 'backend'] })
  const http = fc.record({ paths: fc.array(path, { maxLength: 3 }) })
  const rules = fc.array(fc.record({ host: name, http }, optional), { maxLength: 3 })
  const spec = fc.record({ [defaultName]: backend, ingressClassName: name, rules, tls }, optional)
  const status = fc.record({ loadBalancer: fc.constantFrom({}, { ingress: [{ ip: '203.0.113.1' }] }) })
  return fc.record({ spec, status }, { requiredKeys: ['spec'] })
}

const legacyService = fc.record({ serviceName: name, servicePort: fc.oneof(fc.integer({ min: 1, max: 65535 }), name) })
const port = fc.oneof(fc.record({ number: fc.integer({ min: 1, max: 65535 }) }), fc.record({ name }))
const service = fc.record({ service: fc.record({ name, port }) })
const resource = fc.record({ resource: reference })
const legacyIngresses = ingressesOf(fc.oneof(legacyService, resource), 'backend')
const ingresses = ingressesOf(fc.oneof(service, resource), 'defaultBackend')

/** No field is lost to a name that the type does not have. */
function expectDecodable(object: KubeObject, type: string): void {
  expect(decodeObject(object, type, schema)).toMatchObject({ value: object, unknown: [] })
}

for (const view of legacyIngressViews) {
  const apiVersion = apiVersionOf(view.resource)
  const served = (parts: object) => ({ apiVersion, kind: 'Ingress', metadata, ...parts }) as LegacyIngress
  const stored = (parts: object) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, ...parts }) as Ingress

  describe(`Ingress of ${apiVersion}`, () => {
    test('comes back as it was sent', () => {
      fc.assert(
        fc.property(legacyIngresses, (parts) => {
          const sent = served(parts)
          const before = structuredClone(sent)
          const kept = view.toStored(sent)
          expect(sent).toEqual(before)
          expectDecodable(kept, ingressKind.schema)
          expect(view.toServed(kept)).toEqual(sent)
        }),
      )
    })

    test('shows every Ingress of v1 without loss', () => {
      fc.assert(
        fc.property(ingresses, (parts) => {
          const kept = stored(parts)
          const before = structuredClone(kept)
          const shown = view.toServed(kept)
          expect(kept).toEqual(before)
          expectDecodable(shown, view.schema)
          expect(view.toStored(shown)).toEqual(kept)
        }),
      )
    })

    const conversions: { name: string; from: object; to: object }[] = [
      {
        name: 'ports by name',
        from: { backend: { serviceName: 'kubia', servicePort: 'http' } },
        to: { defaultBackend: { service: { name: 'kubia', port: { name: 'http' } } } },
      },
      {
        name: 'a Service without a port',
        from: { backend: { serviceName: 'kubia' } },
        to: { defaultBackend: { service: { name: 'kubia', port: {} } } },
      },
      {
        name: 'a port without a Service',
        from: { backend: { servicePort: 80 } },
        to: { defaultBackend: { service: { name: '', port: { number: 80 } } } },
      },
      { name: 'a backend that is none', from: { backend: { servicePort: 0 } }, to: { defaultBackend: {} } },
      {
        name: 'a path without a type or backend',
        from: { rules: [{ http: { paths: [{ path: '/' }] } }] },
        to: { rules: [{ http: { paths: [{ path: '/', pathType: 'ImplementationSpecific', backend: {} }] } }] },
      },
      { name: 'a rule without paths', from: { rules: [{ http: {} }] }, to: { rules: [{ http: { paths: [] } }] } },
    ]
    for (const { name: title, from, to } of conversions) {
      test(`${title} becomes what upstream makes of it`, () => {
        expect(view.toStored(served({ spec: from }))).toEqual(stored({ spec: to }))
      })
    }

    test('an Ingress without a spec has an empty one', () => {
      expect(view.toStored(served({}))).toEqual(stored({ spec: {} }))
    })
  })
}

test("the chapter's manifest is accepted, whole", () => {
  const view = legacyIngressViews.find(({ resource: { group } }) => group === 'extensions')
  if (view === undefined) throw new Error('extensions/v1beta1 is not there')
  const decoded = decodeObject(parseYaml(chapterManifest).value, view.schema, schema)
  if (decoded.error !== undefined) throw new Error(decoded.error)
  expect(decoded.unknown).toEqual([])
  const ingress = view.toStored(decoded.value as unknown as LegacyIngress)
  ingressKind.prepareCreate?.(ingress)
  ingressKind.setDefaults?.(ingress)
  expect(ingressKind.validate(ingress).map(describeFieldError)).toEqual([])
  expect(ingress.spec.rules).toEqual([
    {
      host: 'kubia.example.com',
      http: {
        paths: [
          {
            path: '/',
            pathType: 'ImplementationSpecific',
            backend: { service: { name: 'kubia-nodeport', port: { number: 80 } } },
          },
        ],
      },
    },
  ])
})

test('clients are told what to use instead', () => {
  expect(legacyIngressViews.map(({ deprecation }) => deprecation)).toEqual([
    'networking.k8s.io/v1beta1 Ingress is deprecated in v1.19+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
    'extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable in v1.22+; use networking.k8s.io/v1 Ingress',
  ])
})
