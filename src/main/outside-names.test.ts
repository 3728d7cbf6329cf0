import { afterAll, expect, test } from 'vitest'
import { TestUpstream } from '../dataplane/dns/forward/test-upstream.ts'
import { outsideNames } from './outside-names.ts'

const record = (name: string, data: string) => ({ type: 'A', name, ttl: 60, data }) as const
const upstream = new TestUpstream({
  'api.example': [record('api.example', '192.0.2.7'), record('api.example', '192.0.2.8')],
  'mixed.example': [record('mixed.example', '127.0.0.1'), record('mixed.example', '192.0.2.9')],
  'inner.example': [record('inner.example', '169.254.169.254')],
  'silent.example': 'silence',
})
const server = await upstream.listen()
afterAll(() => upstream[Symbol.asyncDispose]())

const resolve = (name: string, { servers = [server], signal = new AbortController().signal }: { servers?: readonly string[]; signal?: AbortSignal } = {}) =>
  outsideNames({ serversFor: async () => servers, signal })(name)

test.for<[string, readonly string[]]>([
  ['api.example', ['192.0.2.7', '192.0.2.8']],
  ['192.0.2.1', ['192.0.2.1']],
  ['mixed.example', ['192.0.2.9']],
])('%s leads to %s', async ([name, addresses]) => {
  expect((await resolve(name)).toSorted()).toEqual(addresses)
})

test.for<[string, RegExp]>([
  ['nobody.example', /ENOTFOUND/],
  ['inner.example', /its address 169.254.169.254 is none of another machine/],
  ['127.0.0.1', /its address 127.0.0.1 is none of another machine/],
])('%s leads nowhere', async ([name, reason]) => {
  await expect(resolve(name)).rejects.toThrow(reason)
})

test('without name servers nobody is asked', async () => {
  await expect(resolve('api.example', { servers: [] })).rejects.toThrow('the cluster has no name servers')
})

test('nobody waits for an answer any more once it is to end', async () => {
  const ending = new AbortController()
  const { signal } = ending
  const asking = resolve('silent.example', { signal })
  const end = async () => {
    await expect.poll(() => upstream.asked).toContain('udp A silent.example')
    ending.abort()
  }
  await Promise.all([expect(asking).rejects.toThrow('ECANCELLED'), end()])
  await expect(resolve('api.example', { signal })).rejects.toThrow('aborted')
})
