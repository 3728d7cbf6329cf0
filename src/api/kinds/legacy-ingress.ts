/**
 * Ingress as it was before networking.k8s.io/v1: a Service and its port in one line each, in two groups. The types are
 * gone from the client library; manifests of theirs are not.
 */
import type { V1LoadBalancerStatus, V1TypedLocalObjectReference } from '@kubernetes/client-node'
import type { FieldError } from '../field-error.ts'
import type { View } from '../kind.ts'
import type { IntOrString, KubeObject, Wire } from '../object.ts'
import { apiVersionOf, type Resource } from '../resource.ts'
import { Ingresses, ingressKind, type Ingress, type IngressBackend, type IngressSpec } from './ingress.ts'

export interface LegacyIngress extends KubeObject {
  spec?: LegacyIngressSpec
  status?: { loadBalancer?: Wire<V1LoadBalancerStatus> }
}

export interface LegacyIngressSpec extends Pick<IngressSpec, 'ingressClassName' | 'tls'> {
  /** Where requests go that no rule matches. */
  backend?: LegacyIngressBackend
  rules?: LegacyIngressRule[]
}

export interface LegacyIngressRule {
  host?: string
  http?: { paths: LegacyIngressPath[] }
}

export interface LegacyIngressPath {
  path?: string
  /** ImplementationSpecific unless given. */
  pathType?: string
  backend: LegacyIngressBackend
}

export interface LegacyIngressBackend {
  serviceName?: string
  servicePort?: IntOrString
  resource?: Wire<V1TypedLocalObjectReference>
}

const names = {
  version: 'v1beta1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  namespaced: true,
}

export const LegacyIngresses: Resource<LegacyIngress> = { group: 'networking.k8s.io', ...names, shortNames: ['ing'] }
/** Without the short name, which kubectl ≥ 1.27 would say each time that it is ambiguous. */
export const ExtensionsIngresses: Resource<LegacyIngress> = { group: 'extensions', ...names }

const useInstead = 'unavailable in v1.22+; use networking.k8s.io/v1 Ingress'

export const legacyIngressViews: readonly View<Ingress, LegacyIngress>[] = [
  legacyView(
    LegacyIngresses,
    'NetworkingV1beta1Ingress',
    `networking.k8s.io/v1beta1 Ingress is deprecated in v1.19+, ${useInstead}`,
  ),
  legacyView(
    ExtensionsIngresses,
    'ExtensionsV1beta1Ingress',
    `extensions/v1beta1 Ingress is deprecated in v1.14+, ${useInstead}`,
  ),
]

function legacyView(
  resource: Resource<LegacyIngress>,
  schema: string,
  deprecation: string,
): View<Ingress, LegacyIngress> {
  return {
    resource,
    schema,
    kind: ingressKind,
    toStored: ({ spec, ...rest }) => ({ ...rest, ...namesOf(Ingresses), spec: storedSpec(spec ?? {}) }),
    toServed: ({ spec, ...rest }) => ({ ...rest, ...namesOf(resource), spec: servedSpec(spec) }),
    servedError,
    deprecation,
  }
}

/** Names of fields as upstream says them to clients of the old versions. */
function servedError(error: FieldError): FieldError {
  const field = error.field
    .replace(/^spec\.defaultBackend(?![^.])/, 'spec.backend')
    .replace(/\.backend\.service\.name$/, '.backend.serviceName')
    .replace(/\.backend\.service\.port\.(name|number)$/, '.backend.servicePort')
  return { ...error, field, detail: error.detail.replace('`defaultBackend`', '`backend`') }
}

function namesOf(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind }
}

function storedSpec({ backend, rules, ...rest }: LegacyIngressSpec): IngressSpec {
  return {
    ...rest,
    ...(backend !== undefined && { defaultBackend: storedBackend(backend) }),
    ...(rules !== undefined && { rules: rules.map(({ http, ...rule }) => ({ ...rule, ...storedPaths(http) })) }),
  }
}

type StoredRule = NonNullable<IngressSpec['rules']>[number]

function storedPaths(http: LegacyIngressRule['http']): Pick<StoredRule, 'http'> {
  if (http === undefined) return {}
  const paths = (http.paths ?? []).map(({ backend, pathType = 'ImplementationSpecific', ...path }) => ({
    ...path,
    pathType,
    backend: storedBackend(backend ?? {}),
  }))
  return { http: { paths } }
}

/** A port of 0 without a name is as good as none: it is what Go made of an absent one. */
function storedBackend({ serviceName = '', servicePort = 0, ...rest }: LegacyIngressBackend): IngressBackend {
  if (serviceName === '' && servicePort === 0) return rest
  const port = typeof servicePort === 'string' ? { name: servicePort } : { number: servicePort }
  return { ...rest, service: { name: serviceName, port: servicePort === 0 ? {} : port } }
}

function servedSpec({ defaultBackend, rules, ...rest }: IngressSpec): LegacyIngressSpec {
  return {
    ...rest,
    ...(defaultBackend !== undefined && { backend: servedBackend(defaultBackend) }),
    ...(rules !== undefined && { rules: rules.map(({ http, ...rule }) => ({ ...rule, ...servedPaths(http) })) }),
  }
}

function servedPaths(http: StoredRule['http']): Pick<LegacyIngressRule, 'http'> {
  if (http === undefined) return {}
  return { http: { paths: http.paths.map(({ backend, ...path }) => ({ ...path, backend: servedBackend(backend) })) } }
}

function servedBackend({ service, ...rest }: IngressBackend): LegacyIngressBackend {
  if (service === undefined) return rest
  const { name = '', number = 0 } = service.port ?? {}
  return { ...rest, serviceName: service.name, servicePort: name === '' ? number : name }
}
