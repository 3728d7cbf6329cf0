import { expect, test } from 'vitest'
import type { Service, ServicePort } from '../../api/kinds/service.ts'
import { serviceVariables } from './service-env.ts'

const api = service('kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] })
const kubia = service('kubia', { clusterIP: '10.96.4.2', ports: [{ name: 'http', port: 80 }, { name: 'https', port: 443 }] })
const database = service('backend-database', { clusterIP: '10.96.7.7', ports: [{ port: 5432, protocol: 'TCP' }] })
const dns = service('resolver', { clusterIP: '10.96.0.10', ports: [{ name: 'dns-tcp', port: 53, protocol: 'UDP' }] })
const elsewhere = service('other', { namespace: 'apart', clusterIP: '10.96.9.9', ports: [{ port: 80 }] })
const headless = service('headless', { clusterIP: 'None', ports: [{ port: 80 }] })
const external = service('external', { ports: [] })
const shadow = service('kubernetes', { namespace: 'apart', clusterIP: '10.96.3.3', ports: [{ port: 6443 }] })

const apiOnly = {
  KUBERNETES_SERVICE_HOST: '10.96.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  KUBERNETES_SERVICE_PORT_HTTPS: '443',
  KUBERNETES_PORT: 'tcp://10.96.0.1:443',
  KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
  KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
  KUBERNETES_PORT_443_TCP_PORT: '443',
  KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
}

for (const { name, services, namespace = 'default', links = true, gives } of [
  {
    name: 'a service with two named ports',
    services: [kubia],
    gives: {
      KUBIA_SERVICE_HOST: '10.96.4.2',
      KUBIA_SERVICE_PORT: '80',
      KUBIA_SERVICE_PORT_HTTP: '80',
      KUBIA_SERVICE_PORT_HTTPS: '443',
      KUBIA_PORT: 'tcp://10.96.4.2:80',
      KUBIA_PORT_80_TCP: 'tcp://10.96.4.2:80',
      KUBIA_PORT_80_TCP_PROTO: 'tcp',
      KUBIA_PORT_80_TCP_PORT: '80',
      KUBIA_PORT_80_TCP_ADDR: '10.96.4.2',
      KUBIA_PORT_443_TCP: 'tcp://10.96.4.2:443',
      KUBIA_PORT_443_TCP_PROTO: 'tcp',
      KUBIA_PORT_443_TCP_PORT: '443',
      KUBIA_PORT_443_TCP_ADDR: '10.96.4.2',
    },
  },
  {
    name: 'dashes become underscores, an unnamed port has no name of its own',
    services: [database],
    gives: {
      BACKEND_DATABASE_SERVICE_HOST: '10.96.7.7',
      BACKEND_DATABASE_SERVICE_PORT: '5432',
      BACKEND_DATABASE_PORT: 'tcp://10.96.7.7:5432',
      BACKEND_DATABASE_PORT_5432_TCP: 'tcp://10.96.7.7:5432',
      BACKEND_DATABASE_PORT_5432_TCP_PROTO: 'tcp',
      BACKEND_DATABASE_PORT_5432_TCP_PORT: '5432',
      BACKEND_DATABASE_PORT_5432_TCP_ADDR: '10.96.7.7',
    },
  },
  {
    name: 'UDP and a dash in a port name',
    services: [dns],
    gives: {
      RESOLVER_SERVICE_HOST: '10.96.0.10',
      RESOLVER_SERVICE_PORT: '53',
      RESOLVER_SERVICE_PORT_DNS_TCP: '53',
      RESOLVER_PORT: 'udp://10.96.0.10:53',
      RESOLVER_PORT_53_UDP: 'udp://10.96.0.10:53',
      RESOLVER_PORT_53_UDP_PROTO: 'udp',
      RESOLVER_PORT_53_UDP_PORT: '53',
      RESOLVER_PORT_53_UDP_ADDR: '10.96.0.10',
    },
  },
  { name: 'no address, no variables', services: [headless, external], gives: {} },
  { name: 'the API’s Service is known in every namespace, others are not', services: [api, kubia], namespace: 'apart', gives: apiOnly },
  { name: 'without service links only the API’s Service', services: [api, kubia, elsewhere], links: false, gives: apiOnly },
]) {
  test(name, () => {
    expect(Object.fromEntries(serviceVariables(services, namespace, links))).toEqual(gives)
  })
}

test('a Service of the pod’s own namespace goes before the API’s of the same name', () => {
  const variables = serviceVariables([shadow, api], 'apart', true)
  expect(variables.get('KUBERNETES_SERVICE_HOST')).toBe('10.96.3.3')
})

interface ServiceInput {
  namespace?: string
  clusterIP?: string
  ports: ServicePort[]
}

function service(name: string, { namespace = 'default', ...spec }: ServiceInput): Service {
  const metadata = { namespace, name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec }
}
