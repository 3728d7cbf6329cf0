import { performOperations } from './api-operations.ts'
import type { ConformanceGroup } from './conformance-case.ts'

const networking = '/apis/networking.k8s.io/v1'

export const ingressApi: ConformanceGroup = {
  title: 'Ingress API',
  cases: [
    {
      name: 'should support creating Ingress API operations',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: networking,
          resource: 'ingresses',
          kind: 'Ingress',
          isNamespaced: true,
          object: () => ({ spec: { ingressClassName: 'of-nobody', defaultBackend: { service: { name: 'web', port: { number: 80 } } } } }),
          status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
        }),
    },
  ],
}

export const ingressClassApi: ConformanceGroup = {
  title: 'IngressClass API',
  cases: [
    {
      name: 'should support creating IngressClass API operations',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: networking,
          resource: 'ingressclasses',
          kind: 'IngressClass',
          isNamespaced: false,
          object: () => ({ spec: { controller: 'example.com/controller' } }),
        }),
    },
  ],
}

export const serviceAddressApi: ConformanceGroup = {
  title: 'ServiceCIDR and IPAddress API',
  cases: [
    {
      name: 'should support IPAddress API operations',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: networking,
          resource: 'ipaddresses',
          kind: 'IPAddress',
          isNamespaced: false,
          name: (index) => `192.0.2.${index + 1}`,
          object: () => ({ spec: { parentRef: { resource: 'services', namespace: 'default', name: 'of-nobody' } } }),
        }),
    },
    {
      name: 'should support ServiceCIDR API operations',
      perform: (tenant) =>
        performOperations(tenant, {
          groupVersion: networking,
          resource: 'servicecidrs',
          kind: 'ServiceCIDR',
          isNamespaced: false,
          object: (index) => ({ spec: { cidrs: [`198.51.100.${index * 16}/28`] } }),
        }),
    },
  ],
}
