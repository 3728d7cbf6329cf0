import { expect } from 'vitest'
import type { ConformanceGroup } from './conformance-case.ts'
import type { Answer } from './programs.ts'
import type { Tenant } from './tenant.ts'

const methods = ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'GET', 'HEAD'] as const

async function podAndService(tenant: Tenant): Promise<void> {
  const labels = { app: 'web' }
  await Promise.all([
    tenant.serverPod('web', { labels, listens: ['http:8080', 'http:9090'], ports: { first: 8080, second: 9090 } }),
    tenant.service('web', {
      selector: labels,
      ports: [
        { name: 'named', port: 80, targetPort: 'first' },
        { name: 'numbered', port: 81, targetPort: 9090 },
      ],
    }),
  ])
  await tenant.untilEndpoints('web', { web: [8080, 9090] })
}

async function asked(tenant: Tenant, path: string): Promise<Answer> {
  return (await tenant.api.json('GET', path)) as unknown as Answer
}

/** Each method, at the root of a pod and of a Service and below; with or without a path after `proxy`. */
async function everyMethod(tenant: Tenant, rest: (method: string) => string): Promise<void> {
  await podAndService(tenant)
  for (const base of [`${tenant.path('pods')}/web:8080/proxy`, `${tenant.path('services')}/web:named/proxy`]) {
    for (const method of methods) {
      const { status, body } = await tenant.api.ask(method, `${base}${rest(method)}`)
      expect({ method, status }).toEqual({ method, status: 200 })
      if (method !== 'HEAD') expect(JSON.parse(body)).toEqual({ name: 'web', port: 8080, method, url: rest(method) })
    }
  }
}

export const proxy: ConformanceGroup = {
  title: 'Proxy version v1',
  cases: [
    {
      name: 'should proxy through a service and a pod',
      async perform(tenant) {
        await podAndService(tenant)
        const paths: readonly (readonly [path: string, port: number])[] = [
          ['services/web:named/proxy/', 8080],
          ['services/web:80/proxy/', 8080],
          ['services/web:numbered/proxy/', 9090],
          ['services/http:web:numbered/proxy/', 9090],
          ['services/http:web:81/proxy/', 9090],
          ['pods/web:8080/proxy/', 8080],
          ['pods/web:9090/proxy/', 9090],
          ['pods/http:web:9090/proxy/', 9090],
          ['pods/web/proxy/', 8080],
        ]
        for (const [path, port] of paths) {
          expect({ path, answer: await asked(tenant, tenant.path(path)) }).toEqual({ path, answer: { name: 'web', port, method: 'GET', url: '/' } })
        }
      },
    },
    {
      name: 'A set of valid responses are returned for both pod and service Proxy',
      async perform(tenant) {
        await everyMethod(tenant, () => '/')
        // A browser that forgot the slash would lose its way by relative links.
        const { status, headers } = await tenant.api.ask('GET', `${tenant.path('services')}/web:named/proxy`)
        expect({ status, location: headers.location }).toEqual({ status: 301, location: `${tenant.path('services')}/web:named/proxy/` })
      },
    },
    {
      name: 'A set of valid responses are returned for both pod and service ProxyWithPath',
      perform: (tenant) => everyMethod(tenant, (method) => `/some/path/with/${method}`),
    },
  ],
}
