import { expect, test } from 'vitest'
import type { Secret } from '../../api/kinds/secret.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { CertificateStore } from './certificate-store.ts'

const key = 'default/web'
const { server } = await throwawayPki()

function secret(resourceVersion: string, cert: string): Secret {
  const data = { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(server.key).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'web', uid: 'web', resourceVersion, creationTimestamp: '' }, data }
}

test('what HAProxy does not want is not offered again while it is there, and forgotten when it is not', () => {
  let current: Secret | undefined = secret('1', server.cert)
  const store = new CertificateStore(() => current)
  const found = store.get(key).certificate
  expect(found).toBeDefined()
  store.refuse(found?.pem ?? '', 'too weak')
  expect(store.get(key)).toEqual({ certificate: undefined, problem: 'too weak' })
  store.accept(new Set([key]))
  expect(store.get(key).problem).toBe('too weak')
  current = secret('2', 'nonsense')
  expect(store.get(key).problem).not.toBe('too weak')
  store.accept(new Set([key]))
  current = secret('3', server.cert)
  expect(store.get(key)).toEqual({ certificate: found, problem: undefined })
  current = undefined
  expect(store.get(key).problem).toBe('there is no such Secret')
})
