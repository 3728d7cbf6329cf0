import { describe, expect, test } from 'vitest'
import { describeFieldError } from '../field-error.ts'
import { ingressClassKind } from './ingress-class.ts'
import { ingressKind as kind } from './ingress.ts'
import { created, createProblems, createWarnings, row, updated, updateProblems, updateWarnings } from './kind-trial.ts'

const backend = { service: { name: 'kubia', port: { number: 80 } } }
const prefix = { path: '/', pathType: 'Prefix', backend }
const ingress = (...paths: object[]) => ({ spec: { rules: [{ host: 'kubia.example.com', http: { paths } }] } })
const withBackend = (defaultBackend: object) => ({ spec: { defaultBackend } })
const path = 'spec.rules[0].http.paths[0]'

describe('what is refused', () => {
  const cases: { name: string; draft: object; problems: unknown[] }[] = [
    { name: 'nothing in a plain one', draft: ingress(prefix), problems: [] },
    { name: 'nothing in one for all hosts and paths', draft: withBackend(backend), problems: [] },
    { name: 'nothing in a rule without paths', draft: { spec: { rules: [{ host: 'a.com' }] } }, problems: [] },
    {
      name: 'one that leads nowhere',
      draft: {},
      problems: ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    },
    {
      name: 'a rule with an empty list of paths',
      draft: ingress(),
      problems: ['spec.rules[0].http.paths: Required value'],
    },
    {
      name: 'a path that does not say how it is matched, whatever else is wrong with it',
      draft: ingress({ path: 'kubia' }),
      problems: [`${path}.pathType: Required value: pathType must be specified`],
    },
    {
      name: 'a word for a path type that means nothing',
      draft: ingress({ ...prefix, pathType: 'Regex' }),
      problems: [
        `${path}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
      ],
    },
    {
      name: 'a path that is not absolute',
      draft: ingress({ ...prefix, path: 'kubia' }),
      problems: [`${path}.path: Invalid value: "kubia": must be an absolute path`],
    },
    {
      name: 'an exact path that is not there',
      draft: ingress({ pathType: 'Exact', backend }),
      problems: [`${path}.path: Invalid value: "": must be an absolute path`],
    },
    {
      name: 'paths that can be written otherwise',
      draft: ingress({ ...prefix, path: '/a//b/./%2f/..' }),
      problems: [
        `${path}.path: Invalid value: "/a//b/./%2f/..": must not contain '//'`,
        `${path}.path: Invalid value: "/a//b/./%2f/..": must not contain '/./'`,
        `${path}.path: Invalid value: "/a//b/./%2f/..": must not contain '%2f'`,
        `${path}.path: Invalid value: "/a//b/./%2f/..": cannot end with '/..'`,
      ],
    },
    {
      name: 'nothing of what only the controller can judge',
      draft: ingress({ pathType: 'ImplementationSpecific', backend }, { path: '/a//.*', pathType: 'ImplementationSpecific', backend }),
      problems: [],
    },
    {
      name: 'hosts that are no names',
      draft: { spec: { rules: [{ host: '10.0.0.1' }, { host: 'a.*.com' }, { host: 'A' }, { host: '*.a.com' }] } },
      problems: [
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        expect.stringMatching(/^spec.rules\[1\].host: Invalid value: "a.\*.com": a wildcard DNS-1123 subdomain must start/),
        expect.stringMatching(/^spec.rules\[2\].host: Invalid value: "A": a lowercase RFC 1123 subdomain must consist/),
      ],
    },
    {
      name: 'certificates for what is no host, and Secrets that cannot be',
      draft: { spec: { defaultBackend: backend, tls: [{ hosts: ['*.a.com', 'a_b'], secretName: 'A' }] } },
      problems: [
        expect.stringMatching(/^spec.tls\[0\].hosts\[1\]: Invalid value: "a_b": a lowercase RFC 1123 subdomain/),
        expect.stringMatching(/^spec.tls\[0\].secretName: Invalid value: "A": a lowercase RFC 1123 subdomain/),
      ],
    },
    {
      name: 'a backend that is none, or two',
      draft: withBackend({}),
      problems: ['spec.defaultBackend: Invalid value: "": resource or service backend is required'],
    },
    {
      name: 'two backends in one',
      draft: withBackend({ ...backend, resource: { kind: 'Bucket', name: 'icons' } }),
      problems: ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
    },
    {
      name: 'a Service without a name, with two ports',
      draft: withBackend({ service: { port: { name: 'http', number: 80 } } }),
      problems: [
        'spec.defaultBackend.service.name: Required value',
        'spec.defaultBackend: Invalid value: "": cannot set both port name & port number',
      ],
    },
    {
      name: 'a Service without a port',
      draft: withBackend({ service: { name: 'kubia' } }),
      problems: ['spec.defaultBackend: Required value: port name or number is required'],
    },
    {
      name: 'names and numbers that cannot be',
      draft: {
        spec: {
          rules: [
            {
              http: {
                paths: [
                  { ...prefix, backend: { service: { name: '1a', port: { number: 65536 } } } },
                  { ...prefix, backend: { service: { name: 'a', port: { name: '80' } } } },
                ],
              },
            },
          ],
        },
      },
      problems: [
        expect.stringMatching(/^spec.rules\[0\].http.paths\[0\].backend.service.name: Invalid value: "1a": a DNS-1035 label/),
        'spec.rules[0].http.paths[0].backend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive',
        'spec.rules[0].http.paths[1].backend.service.port.name: Invalid value: "80": must contain at least one letter (a-z)',
      ],
    },
    {
      name: 'an object without a kind, of an odd group',
      draft: withBackend({ resource: { apiGroup: 'A', kind: '', name: 'a/b' } }),
      problems: [
        expect.stringMatching(/^spec.defaultBackend.resource.apiGroup: Invalid value: "A": a lowercase RFC 1123/),
        'spec.defaultBackend.resource.kind: Required value',
        `spec.defaultBackend.resource.name: Invalid value: "a/b": may not contain '/'`,
      ],
    },
    {
      name: 'two classes',
      draft: {
        metadata: { annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
        spec: { defaultBackend: backend, ingressClassName: 'haproxy' },
      },
      problems: [
        'annotations.kubernetes.io/ingress.class: Invalid value: "nginx": must match `ingressClassName` when both are specified',
      ],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
  }
})

test('nobody chooses the status but through /status', () => {
  const chosen = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }
  const previous = created(kind, { ...ingress(prefix), status: chosen })
  expect(previous.status).toEqual({ loadBalancer: {} })
  expect(previous.metadata.generation).toBe(1)
  const next = updated(kind, previous, { ...ingress(prefix, prefix), status: chosen })
  expect(next.status).toEqual({ loadBalancer: {} })
  expect(next.metadata.generation).toBe(2)
})

test('a status names addresses', () => {
  const object = created(kind, ingress(prefix))
  object.status = { loadBalancer: { ingress: [{ ip: '10.0.0.01' }, { hostname: '10.0.0.1' }, { hostname: 'a.com' }] } }
  expect(kind.validateStatus?.(object, object).map(describeFieldError)).toEqual([
    'status.loadBalancer.ingress[0].ip: Invalid value: "10.0.0.01": must not have leading 0s',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
  ])
})

test('its row', () => {
  const object = created(kind, ingress(prefix))
  expect(Object.entries(row(kind, object))).toEqual([
    ['Name', 'web'],
    ['Class', '<none>'],
    ['Hosts', 'kubia.example.com'],
    ['Address', ''],
    ['Ports', '80'],
    ['Age', '60s'],
  ])
  object.status = { loadBalancer: { ingress: [{ ip: '203.0.113.2' }, { ip: '203.0.113.1' }, { hostname: 'a.com' }] } }
  object.spec = { ingressClassName: 'haproxy', tls: [{}], rules: ['a', 'b', '', 'c', 'd'].map((host) => ({ host })) }
  expect(row(kind, object)).toMatchObject({
    Class: 'haproxy',
    Hosts: 'a,b,c + 2 more...',
    Address: '203.0.113.1,203.0.113.2,a.com',
    Ports: '80, 443',
  })
  object.spec = withBackend(backend).spec
  expect(row(kind, object)).toMatchObject({ Hosts: '*' })
})

test('a class by annotation alone is warned of when it is chosen', () => {
  const draft = { ...ingress(prefix), metadata: { annotations: { 'kubernetes.io/ingress.class': 'nginx' } } }
  expect(createWarnings(kind, draft)).toEqual([
    `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
  ])
  expect(updateWarnings(kind, created(kind, draft), draft)).toEqual([])
  expect(createWarnings(kind, ingress(prefix))).toEqual([])
})

describe('an IngressClass', () => {
  const ofController = (controller: string, parameters?: object) => ({ spec: { controller, parameters } })
  const cases: { name: string; draft: object; problems: unknown[] }[] = [
    { name: 'a plain one', draft: ofController('portolan.io/ingress'), problems: [] },
    { name: 'nothing', draft: {}, problems: ['spec.controller: Required value'] },
    {
      name: 'a controller of no domain',
      draft: ofController('haproxy'),
      problems: ['spec.controller: Invalid value: "haproxy": must be a domain-prefixed path (such as "acme.io/foo")'],
    },
    {
      name: 'a controller of a bad domain, with a bad path',
      draft: ofController('A/b c'),
      problems: [
        expect.stringMatching(/^spec.controller: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        expect.stringMatching(/^spec.controller: Invalid value: "b c": Invalid path \(regex used for validation is '/),
      ],
    },
    {
      name: 'a controller with a long name',
      draft: ofController(`a.com/${'b'.repeat(250)}`),
      problems: ['spec.controller: Too long: may not be more than 250 bytes'],
    },
    {
      name: 'parameters of nothing',
      draft: ofController('a.com/b', {}),
      problems: ['spec.parameters.kind: Required value', 'spec.parameters.name: Required value'],
    },
    {
      name: 'parameters in a namespace that is not named',
      draft: ofController('a.com/b', { kind: 'C', name: 'c', scope: 'Namespace' }),
      problems: ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    },
    {
      name: 'parameters in a namespace that they are not in',
      draft: ofController('a.com/b', { kind: 'C', name: 'c', namespace: 'default' }),
      problems: ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    },
    {
      name: 'an unknown scope',
      draft: ofController('a.com/b', { kind: 'C', name: 'c', scope: 'World' }),
      problems: ['spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"'],
    },
  ]
  for (const { name, draft, problems } of cases) {
    test(name, () => expect(createProblems(ingressClassKind, draft)).toEqual(problems))
  }

  test('keeps its controller', () => {
    const previous = created(ingressClassKind, ofController('a.com/b'))
    expect(updateProblems(ingressClassKind, previous, ofController('a.com/c'))).toEqual([
      'spec.controller: Invalid value: "a.com/c": field is immutable',
    ])
  })

  test('says in its row whether it is the default', () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
    const object = created(ingressClassKind, {
      metadata: { annotations },
      ...ofController('a.com/b', { apiGroup: 'a.com', kind: 'Settings', name: 'c' }),
    })
    expect(Object.entries(row(ingressClassKind, object))).toEqual([
      ['Name', 'web (default)'],
      ['Controller', 'a.com/b'],
      ['Parameters', 'Settings.a.com/c'],
      ['Age', '60s'],
    ])
    expect(row(ingressClassKind, created(ingressClassKind, ofController('a.com/b')))).toMatchObject({
      Name: 'web',
      Parameters: '<none>',
    })
  })
})
