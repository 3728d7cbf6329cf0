import { expect, test } from 'vitest'
import { applyJsonPatch } from './json-patch.ts'

const service = {
  metadata: { name: 'kubia', labels: { app: 'kubia' } },
  spec: { ports: [{ port: 80 }, { port: 443 }] },
}
const portsOf = (...ports: number[]) => ({ spec: { ports: ports.map((port) => ({ port })) } })

test.each([
  [[{ op: 'replace', path: '/spec/ports/0/port', value: 81 }], portsOf(81, 443)],
  [[{ op: 'add', path: '/spec/ports/-', value: { port: 1 } }], portsOf(80, 443, 1)],
  [[{ op: 'add', path: '/spec/ports/0', value: { port: 1 } }], portsOf(1, 80, 443)],
  [[{ op: 'remove', path: '/spec/ports/0' }], portsOf(443)],
  [[{ op: 'move', from: '/spec/ports/0', path: '/spec/ports/1' }], portsOf(443, 80)],
  [[{ op: 'copy', from: '/metadata/name', path: '/metadata/labels/a' }], { metadata: { labels: { a: 'kubia' } } }],
  [[{ op: 'add', path: '/metadata/labels/a~1b~0c', value: 'x' }], { metadata: { labels: { 'a/b~c': 'x' } } }],
  [[{ op: 'add', path: '/metadata/labels/constructor', value: 'x' }], { metadata: { labels: { constructor: 'x' } } }],
  [[{ op: 'test', path: '/metadata/name', value: 'kubia' }], service],
  [[{ op: 'replace', path: '', value: { a: 1 } }], { a: 1 }],
])('%j', (patch, expected) => {
  const before = JSON.stringify([service, patch])
  expect(applyJsonPatch(service, patch)).toMatchObject(expected)
  expect(JSON.stringify([service, patch])).toBe(before)
})

test.each([
  [{}, 400, /must be an array/],
  [[null], 400, /operation 0 of the JSON patch is not an object/],
  [[{ op: 'frobnicate', path: '/a' }], 400, /unknown op "frobnicate"/],
  [[{ op: 'add', path: '/a' }], 400, /has no value/],
  [[{ op: 'add', path: 'a', value: 1 }], 400, /must be a JSON pointer, but is "a"/],
  [[{ op: 'remove' }], 400, /must be a JSON pointer, but is missing/],
  [[{ op: 'copy', path: '/a' }], 400, /the from of operation 0/],
  [[{ op: 'add', path: '/__proto__/polluted', value: 1 }], 400, /not allowed/],
  [[{ op: 'add', path: '/constructor/polluted', value: 1 }], 422, /no such path/],
  [[{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }], 422, /no such path/],
  [[{ op: 'copy', from: '/toString/name', path: '/a' }], 422, /no such path/],
  [[{ op: 'remove', path: '/toString' }], 422, /no such path/],
  [[{ op: 'remove', path: '/spec/ports/2' }], 422, /no such path/],
  [[{ op: 'replace', path: '/spec/color', value: 1 }], 422, /no such path/],
  [[{ op: 'replace', path: '/spec/ports/length', value: 0 }], 422, /integer/],
  [[{ op: 'add', path: '/spec/ports/9', value: 1 }], 422, /index/],
  [[{ op: 'add', path: '/spec/missing/x', value: 1 }], 422, /no such path/],
  [[{ op: 'test', path: '/metadata/name', value: 'x' }], 422, /^the server rejected our .*: Test operation failed/],
  [Array.from({ length: 10_001 }, () => ({ op: 'remove', path: '/spec' })), 413, /operations in a JSON patch is 10000/],
])('%#: is refused', (patch, code, message) => {
  expect(() => applyJsonPatch(service, patch)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
  expect({}).not.toHaveProperty('polluted')
  expect(Object).not.toHaveProperty('polluted')
})

test('copies of copies stop before they fill the memory', () => {
  const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '', path: `/x${index}` }))
  expect(() => applyJsonPatch(service, doubling)).toThrow(expect.objectContaining({ code: 413 }))
})
