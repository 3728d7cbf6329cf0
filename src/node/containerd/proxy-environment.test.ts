import { expect, test } from 'vitest'
import { proxyEnvironment } from './proxy-environment.ts'

const own = ['10.96.0.0/13', '.svc']

test('without a proxy nothing is said', () => {
  expect(proxyEnvironment({ NO_PROXY: 'example.com', HTTP_PROXY: '' }, own)).toEqual({})
})

test.for([
  [{ HTTP_PROXY: 'http://192.0.2.1:3128' }, '10.96.0.0/13,.svc'],
  [{ https_proxy: 'http://192.0.2.1:3128', no_proxy: 'a.example, b.example' }, 'a.example,b.example,10.96.0.0/13,.svc'],
  [{ HTTPS_PROXY: 'http://192.0.2.1:3128', NO_PROXY: '.svc', no_proxy: 'ignored.example' }, '.svc,10.96.0.0/13'],
] as const)('with %j the cluster’s own are asked directly, as are those that were named', ([environment, all]) => {
  expect(proxyEnvironment(environment, own)).toEqual({ NO_PROXY: all, no_proxy: all })
})
