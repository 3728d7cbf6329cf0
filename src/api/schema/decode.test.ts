import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeObject } from './decode.ts'
import { readSchema } from './schema-file.ts'

const schema = readSchema()
const decodeService = (spec: unknown) => decodeObject({ spec }, 'V1Service', schema)
const decodePod = (spec: unknown) => decodeObject({ spec }, 'V1Pod', schema)
const decodeMetadata = (metadata: unknown) => decodeObject({ metadata }, 'V1ConfigMap', schema)

describe('wrong types, worded as Go words them', () => {
  test.each([
    [
      decodeService({ ports: [{ port: '80' }] }),
      'string into Go struct field ServicePort.spec.ports.port of type int32',
    ],
    [
      decodeService({ ports: [{ port: 1.5 }] }),
      'number 1.5 into Go struct field ServicePort.spec.ports.port of type int32',
    ],
    [
      decodeService({ ports: [{ port: 2147483648 }] }),
      'number 2147483648 into Go struct field ServicePort.spec.ports.port of type int32',
    ],
    [
      decodeService({ ports: [{ port: 80, targetPort: true }] }),
      'bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
    ],
    [
      decodeService({ ports: [{ protocol: 6 }] }),
      'number into Go struct field ServicePort.spec.ports.protocol of type v1.Protocol',
    ],
    [decodeService({ ports: {} }), 'object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort'],
    [decodeService('x'), 'string into Go struct field Service.spec of type v1.ServiceSpec'],
    [
      decodeService({ selector: ['a'] }),
      'array into Go struct field ServiceSpec.spec.selector of type map[string]string',
    ],
    [decodeService({ selector: { a: 1 } }), 'number into Go struct field ServiceSpec.spec.selector of type string'],
    [
      decodeService({ ipFamilies: 'IPv4' }),
      'string into Go struct field ServiceSpec.spec.ipFamilies of type []v1.IPFamily',
    ],
    [
      decodePod({ containers: [{ env: [{ name: 'A', value: 1 }] }] }),
      'number into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      decodePod({ containers: [{ args: [true] }] }),
      'bool into Go struct field Container.spec.containers.args of type string',
    ],
    [decodePod({ hostNetwork: 'yes' }), 'string into Go struct field PodSpec.spec.hostNetwork of type bool'],
    [
      decodePod({ containers: [{ resources: { limits: 5 } }] }),
      'number into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
    ],
    [
      decodeMetadata({ labels: { a: null, b: 1 } }),
      'number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      decodeMetadata({ creationTimestamp: 5 }),
      'number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
    [decodeObject([], 'V1Service', schema), 'array into Go value of type v1.Service'],
    [decodeObject({ data: { a: 1 } }, 'V1Secret', schema), 'number into Go struct field Secret.data of type []uint8'],
  ])('%#', (decoded, message) => {
    expect(decoded).toEqual({ error: `json: cannot unmarshal ${message}` })
  })
})

describe('values that cannot be read', () => {
  test.each([
    [decodePod({ containers: [{ resources: { limits: { cpu: 'much' } } }] }), /^quantities must match the regular/],
    [decodePod({ containers: [{ resources: { limits: { cpu: {} } } }] }), /^quantities must match the regular/],
    [
      decodeMetadata({ creationTimestamp: 'today' }),
      /^parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"$/,
    ],
    [
      decodeMetadata({ creationTimestamp: '2026-02-30T00:00:00Z' }),
      /^parsing time "2026-02-30T00:00:00Z": day out of range$/,
    ],
    [decodeMetadata({ creationTimestamp: '2026-01-01T00:00:00Zx' }), /extra text: "x"$/],
    [decodeObject({ data: { a: 'aGk' } }, 'V1Secret', schema), /^illegal base64 data at input byte 0$/],
    [decodeObject({ data: { a: 'aG k=' } }, 'V1Secret', schema), /^illegal base64 data at input byte 2$/],
  ])('%#', (decoded, message) => {
    expect(decoded.error).toMatch(message)
  })
})

describe('values as they come out', () => {
  test('quantities, times, bytes and int-or-strings', () => {
    const container = { name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi', pods: 1 } } }
    const probe = { httpGet: { port: 'http' } }
    const decoded = decodePod({ containers: [{ ...container, livenessProbe: probe }] })
    expect(decoded).toMatchObject({
      value: {
        spec: {
          containers: [
            {
              resources: { limits: { cpu: '500m', memory: '1Gi', pods: '1' } },
              livenessProbe: { httpGet: { port: 'http' } },
            },
          ],
        },
      },
    })
    expect(decodeMetadata({ creationTimestamp: '2026-01-01T01:00:00.123+01:00' })).toMatchObject({
      value: { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } },
    })
    expect(decodeObject({ spec: { renewTime: '2026-01-01T00:00:00.1234567Z' } }, 'V1Lease', schema)).toMatchObject({
      value: { spec: { renewTime: '2026-01-01T00:00:00.123456Z' } },
    })
    expect(decodeObject({ data: { a: 'aG\nk=' } }, 'V1Secret', schema)).toMatchObject({
      value: { data: { a: 'aGk=' } },
    })
  })

  test('the Ingress of old, with a port by name or number', () => {
    const paths = [{ path: '/', backend: { serviceName: 'kubia', servicePort: 80 } }]
    const rules = [{ host: 'kubia.example.com', http: { paths } }]
    const value = { spec: { rules, backend: { servicePort: 'http' } } }
    for (const type of ['ExtensionsV1beta1Ingress', 'NetworkingV1beta1Ingress']) {
      expect(decodeObject(value, type, schema)).toEqual({ value, unknown: [] })
    }
  })

  test('nulls are absent from objects and zero in lists and maps', () => {
    expect(decodeService({ ports: null, selector: { a: null }, clusterIPs: [null] })).toEqual({
      value: { spec: { selector: { a: '' }, clusterIPs: [''] } },
      unknown: [],
    })
    expect(decodePod({ containers: [null] })).toMatchObject({ value: { spec: { containers: [{}] } } })
  })
})

describe('unknown fields', () => {
  test('are left out and told, each once', () => {
    const value = {
      spec: { prts: [], ports: [{ port: 80 }, { port: 81, nmae: 'b' }], selector: { anything: 'goes' } },
      stauts: 1,
    }
    expect(decodeObject(value, 'V1Service', schema)).toEqual({
      value: { spec: { ports: [{ port: 80 }, { port: 81 }], selector: { anything: 'goes' } } },
      unknown: ['unknown field "spec.prts"', 'unknown field "spec.ports[1].nmae"', 'unknown field "stauts"'],
    })
  })

  test('do not include what is inside values of any type', () => {
    const data = { spec: { what: ['ever', { x: null }] } }
    const decoded = decodeObject({ data, revision: 1 }, 'V1ControllerRevision', schema)
    expect(decoded).toEqual({ value: { data, revision: 1 }, unknown: [] })
  })

  test('never reach a prototype', () => {
    const text = `{"__proto__": {"a": 1}, "constructor": {}, "data": {"__proto__": "x", "constructor": "legal"}}`
    const decoded = decodeObject(JSON.parse(text), 'V1ConfigMap', schema)
    expect(decoded).toEqual({
      value: { data: { constructor: 'legal' } },
      unknown: ['unknown field "__proto__"', 'unknown field "constructor"', 'unknown field "data.__proto__"'],
    })
    const revision = decodeObject(JSON.parse(`{"data": {"b": [${text}]}}`), 'V1ControllerRevision', schema)
    expect(JSON.stringify(revision)).not.toContain('"__proto__":')
    expect({}).not.toHaveProperty('a')
  })

  test('stop being told after 100', () => {
    const value = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, 1]))
    expect(decodeObject(value, 'V1Service', schema)).toMatchObject({ unknown: { length: 100 } })
  })
})

test('any JSON either decodes to something that decodes to itself, or is refused; nothing throws', () => {
  const keys = fc.constantFrom('metadata', 'spec', 'ports', 'port', 'labels', 'name', '__proto__', 'x')
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, 80, 1.5, 'web', ''),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(keys, tie('json'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(json, (value) => {
      const before = JSON.stringify(value)
      const first = decodeObject(value, 'V1Service', schema)
      expect(JSON.stringify(value)).toBe(before)
      if (first.error !== undefined) return
      expect(decodeObject(first.value, 'V1Service', schema)).toEqual({ value: first.value, unknown: [] })
    }),
  )
})
