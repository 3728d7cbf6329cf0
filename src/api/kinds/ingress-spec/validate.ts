import { invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { isDNS1123Subdomain, isWildcardDNS1123Subdomain } from '../../names.ts'
import { familyOf } from '../addresses.ts'
import type { Ingress } from '../ingress.ts'
import { checked, validateSubdomain } from '../values.ts'
import { validateBackend } from './backend.ts'
import type { Path, Rule, Spec, TLS } from './types.ts'

/** The class of an Ingress, before there was a field for it. */
export const ingressClassAnnotation = 'kubernetes.io/ingress.class'

/** All problems of an Ingress, in the order of pkg/apis/networking/validation `ValidateIngressCreate`. */
export function validateIngress({ metadata, spec }: Ingress): FieldError[] {
  return [...validateSpec(spec), ...validateClassAnnotation(metadata.annotations ?? {}, spec)]
}

function validateSpec(spec: Spec): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  const leadsNowhere = rules.length === 0 && defaultBackend === undefined
  const nowhere = 'either `defaultBackend` or `rules` must be specified'
  return [
    ...(leadsNowhere ? [invalid('spec', spec.rules, nowhere)] : []),
    ...(defaultBackend === undefined ? [] : validateBackend(defaultBackend, 'spec.defaultBackend')),
    ...rules.flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)),
    ...tls.flatMap((entry, index) => validateTLS(entry, `spec.tls[${index}]`)),
    ...(ingressClassName === undefined ? [] : validateSubdomain(ingressClassName, 'spec.ingressClassName')),
  ]
}

function validateRule({ host = '', http }: Rule, path: string): FieldError[] {
  return [
    ...(host === '' ? [] : validateHost(host, `${path}.host`)),
    ...(http === undefined ? [] : validatePaths(http.paths ?? [], `${path}.http.paths`)),
  ]
}

function validateHost(host: string, path: string): FieldError[] {
  const isAddress = familyOf(host) !== undefined
  return [
    ...(isAddress ? [invalid(path, host, 'must be a DNS name, not an IP address')] : []),
    ...validatePattern(host, path),
  ]
}

/** A name, or one with a wildcard in place of its first label. */
function validatePattern(host: string, path: string): FieldError[] {
  return checked(host, path, host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain)
}

function validatePaths(paths: readonly Path[], list: string): FieldError[] {
  if (paths.length === 0) return [required(list)]
  return paths.flatMap((one, index) => validatePath(one, `${list}[${index}]`))
}

function validatePath({ path: value = '', pathType, backend = {} }: Path, path: string): FieldError[] {
  if (pathType === undefined) return [required(`${path}.pathType`, 'pathType must be specified')]
  return [...validateByType(value, pathType, path), ...validateBackend(backend, `${path}.backend`)]
}

function validateByType(value: string, pathType: string, path: string): FieldError[] {
  const absoluteErrors = value.startsWith('/') ? [] : [invalid(`${path}.path`, value, 'must be an absolute path')]
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      return [...absoluteErrors, ...validateSegments(value, `${path}.path`)]
    case 'ImplementationSpecific':
      return value === '' ? [] : absoluteErrors
    default:
      return [notSupported(`${path}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix'])]
  }
}

const refusedParts: readonly string[] = ['//', '/./', '/../', '%2f', '%2F']
const refusedEnds: readonly string[] = ['/..', '/.']

/** Paths that a proxy would normalize could lead past the rules. */
function validateSegments(value: string, path: string): FieldError[] {
  const parts = refusedParts.filter((part) => value.includes(part))
  const ends = refusedEnds.filter((end) => value.endsWith(end))
  return [
    ...parts.map((part) => invalid(path, value, `must not contain '${part}'`)),
    ...ends.map((end) => invalid(path, value, `cannot end with '${end}'`)),
  ]
}

function validateTLS({ hosts = [], secretName = '' }: TLS, path: string): FieldError[] {
  return [
    ...hosts.flatMap((host, index) => validatePattern(host, `${path}.hosts[${index}]`)),
    ...(secretName === '' ? [] : validateSubdomain(secretName, `${path}.secretName`)),
  ]
}

/** Upstream asks this of new Ingresses only. */
function validateClassAnnotation(annotations: Readonly<Record<string, string>>, spec: Spec): FieldError[] {
  const { [ingressClassAnnotation]: annotation } = annotations
  const { ingressClassName } = spec
  if (annotation === undefined || ingressClassName === undefined || annotation === ingressClassName) return []
  const problem = 'must match `ingressClassName` when both are specified'
  return [invalid(`annotations.${ingressClassAnnotation}`, annotation, problem)]
}
