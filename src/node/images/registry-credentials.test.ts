import { describe, expect, test } from 'vitest'
import type { Secret } from '../../api/kinds/secret.ts'
import { credentialsFor } from './registry-credentials.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

function secret(type: string, key: string, content: string): Secret {
  const metadata = { name: 'pull', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data: { [key]: base64(content) } }
}

const json = (auths: object) => secret('kubernetes.io/dockerconfigjson', '.dockerconfigjson', JSON.stringify({ auths }))
const user = (name: string) => ({ username: name, password: 'p' })

for (const { name, image, secrets, gives } of [
  { name: 'nothing without secrets', image: 'registry.example/web', secrets: [], gives: [] },
  { name: 'nothing for another registry', image: 'registry.example/web', secrets: [json({ 'other.example': user('a') })], gives: [] },
  { name: 'by host', image: 'registry.example/web:1', secrets: [json({ 'registry.example': user('a') })], gives: ['a'] },
  { name: 'by host and port', image: 'registry.example:5000/web', secrets: [json({ 'registry.example': user('a'), 'registry.example:5000': user('b') })], gives: ['b'] },
  { name: 'by URL', image: 'registry.example/web', secrets: [json({ 'https://registry.example/v2/': user('a') })], gives: ['a'] },
  { name: 'the most specific path first', image: 'registry.example/team/web', secrets: [json({ 'registry.example': user('a'), 'registry.example/team': user('b'), 'registry.example/else': user('c') })], gives: ['b', 'a'] },
  { name: 'by pattern', image: 'eu.registry.example/web', secrets: [json({ '*.registry.example': user('a'), '*.example': user('b') })], gives: ['a'] },
  { name: 'for docker’s own registry', image: 'web', secrets: [json({ 'https://index.docker.io/v1/': user('a') })], gives: ['a'] },
  { name: 'for docker’s own registry by its other name', image: 'luksa/web', secrets: [json({ 'docker.io': user('b'), 'index.docker.io': user('a') })], gives: ['b'] },
  { name: 'of the old form', image: 'registry.example/web', secrets: [secret('kubernetes.io/dockercfg', '.dockercfg', JSON.stringify({ 'registry.example': user('a') }))], gives: ['a'] },
  { name: 'of several secrets', image: 'registry.example/web', secrets: [json({ 'registry.example': user('a') }), json({ 'registry.example': user('b') })], gives: ['a', 'b'] },
  { name: 'in one field', image: 'registry.example/web', secrets: [json({ 'registry.example': { auth: base64('a:p') } })], gives: ['a'] },
  { name: 'not of secrets of another type', image: 'registry.example/web', secrets: [secret('Opaque', '.dockerconfigjson', JSON.stringify({ auths: { 'registry.example': user('a') } }))], gives: [] },
]) {
  test(`credentials: ${name}`, () => {
    const found = credentialsFor(image, secrets)
    expect(found).toEqual(gives.map((username) => user(username)))
  })
}

test('a password may have colons', () => {
  const auth = base64('a:p:q')
  expect(credentialsFor('registry.example/web', [json({ 'registry.example': { auth } })])).toEqual([{ username: 'a', password: 'p:q' }])
})

describe('a secret that is no list of credentials says so', () => {
  test.each([
    ['not JSON', secret('kubernetes.io/dockerconfigjson', '.dockerconfigjson', '{'), 'secret "pull": .dockerconfigjson: must be valid JSON'],
    ['no name and password', json({ 'registry.example': { auth: base64('a') } }), 'must be formatted as base64(username:password)'],
  ])('%s', (_, broken, says) => {
    expect(() => credentialsFor('registry.example/web', [broken])).toThrow(says)
  })
})
