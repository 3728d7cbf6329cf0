import { expect, test } from 'vitest'
import { configMapKind } from './config-map.ts'
import { created, createProblems, row, updateProblems } from './kind-trial.ts'
import { secretKind } from './secret.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const mebibyte = 'x'.repeat(1024 * 1024)

for (const { name, secret, problems } of [
  { name: 'an opaque one', secret: { data: { key: base64('value') } }, problems: [] },
  {
    name: 'TLS without a key',
    secret: { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
    problems: ['data[tls.key]: Required value'],
  },
  {
    name: 'basic authentication without anything',
    secret: { type: 'kubernetes.io/basic-auth' },
    problems: ['data[username]: Required value', 'data[password]: Required value'],
  },
  {
    name: 'an SSH key that is empty',
    secret: { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } },
    problems: ['data[ssh-privatekey]: Required value'],
  },
  {
    name: 'a pull secret that is no JSON',
    secret: { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'secret' } },
    problems: ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON'],
  },
  {
    name: "an account's token without the account",
    secret: { type: 'kubernetes.io/service-account-token' },
    problems: ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  },
  {
    name: 'a key that is no file name',
    secret: { data: { '..': '' } },
    problems: ["data[..]: Invalid value: \"..\": must not be '..'"],
  },
  {
    name: 'no base64',
    secret: { data: { key: 'a secret' } },
    problems: ['data[key]: Invalid value: "<secret contents redacted>": must be valid base64'],
  },
  {
    name: 'too much',
    secret: { stringData: { a: mebibyte, b: 'x' } },
    problems: ['data: Too long: may not be more than 1048576 bytes'],
  },
] as { name: string; secret: object; problems: string[] }[]) {
  test(`Secret: ${name}`, () => expect(createProblems(secretKind, secret)).toEqual(problems))
}

test('text is stored as data, over what is there', () => {
  const secret = created(secretKind, { data: { a: base64('old'), b: base64('b') }, stringData: { a: 'new' } })
  expect(secret).toMatchObject({ type: 'Opaque', data: { a: base64('new'), b: base64('b') } })
  expect(secret).not.toHaveProperty('stringData')
  expect(row(secretKind, secret)).toEqual({ Name: 'web', Type: 'Opaque', Data: 2, Age: '60s' })
})

test('a secret keeps its type, and all when it is immutable', () => {
  const previous = created(secretKind, { immutable: true, stringData: { a: '1' } })
  expect(updateProblems(secretKind, previous, { stringData: { a: '2' }, type: 'mine' })).toEqual([
    'type: Invalid value: "mine": field is immutable',
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
  expect(updateProblems(secretKind, previous, { immutable: true, stringData: { a: '1' } })).toEqual([])
})

for (const { name, map, problems } of [
  { name: 'text and bytes', map: { data: { 'app.conf': 'x' }, binaryData: { logo: base64('x') } }, problems: [] },
  {
    name: 'one key for both',
    map: { data: { key: 'x' }, binaryData: { key: '' } },
    problems: ['data[key]: Invalid value: "key": duplicate of key present in binaryData'],
  },
  {
    name: 'a key with a space',
    map: { data: { 'a b': 'x' } },
    problems: [expect.stringMatching(/^data\[a b\]: Invalid value: "a b": a valid config key must consist of/)],
  },
  {
    name: 'too much',
    map: { data: { a: mebibyte }, binaryData: { b: base64('x') } },
    problems: ['[]: Too long: may not be more than 1048576 bytes'],
  },
] as { name: string; map: object; problems: string[] }[]) {
  test(`ConfigMap: ${name}`, () => expect(createProblems(configMapKind, map)).toEqual(problems))
}

test('an immutable ConfigMap stays as it is', () => {
  const previous = created(configMapKind, { immutable: true, data: { a: '1' } })
  expect(updateProblems(configMapKind, previous, { immutable: true, data: { a: '2' }, binaryData: { b: '' } })).toEqual([
    'data: Forbidden: field is immutable when `immutable` is set',
    'binaryData: Forbidden: field is immutable when `immutable` is set',
  ])
  expect(row(configMapKind, previous)).toEqual({ Name: 'web', Data: 1, Age: '60s' })
})
