import type { V1IngressClassParametersReference, V1IngressClassSpec } from '@kubernetes/client-node'
import { ageColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { forbidden, invalid, notSupported, required, tooLong, type FieldError } from '../field-error.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject, Wire } from '../object.ts'
import type { Resource } from '../resource.ts'
import type { Unchecked } from '../unchecked.ts'
import { validateReference } from './ingress-spec/backend.ts'
import { validateImmutable, validateLabel, validateSubdomain } from './values.ts'

export interface IngressClass extends KubeObject {
  spec: IngressClassSpec
}

export type IngressClassSpec = Wire<V1IngressClassSpec>

export const IngressClasses: Resource<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
}

/** `true` on the class of Ingresses that name none. */
export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class'

export const ingressClassKind: Kind<IngressClass> = {
  resource: IngressClasses,
  schema: 'V1IngressClass',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  setDefaults,
  prepareCreate: startGeneration,
  prepareUpdate(next, previous) {
    setDefaults(next)
    stepGeneration(next, previous, !semanticallyEqual(next.spec, previous.spec))
  },

  validate: ({ spec }) => [
    ...validateController(spec.controller ?? ''),
    ...(spec.parameters === undefined ? [] : validateParameters(spec.parameters, 'spec.parameters')),
  ],
  validateUpdate: (next, previous) =>
    validateImmutable(next.spec.controller, previous.spec.controller, 'spec.controller'),

  columns: [
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      description: 'Name of the class, and whether it is the one of Ingresses that name none.',
      priority: 0,
      cell: formatName,
    },
    {
      name: 'Controller',
      type: 'string',
      description: 'The controller that serves Ingresses of the class.',
      priority: 0,
      cell: ({ spec }) => spec.controller ?? '',
    },
    {
      name: 'Parameters',
      type: 'string',
      description: 'An object with what else the controller is to know.',
      priority: 0,
      cell: ({ spec }) => (spec.parameters === undefined ? '<none>' : formatReference(spec.parameters)),
    },
    ageColumn,
  ],
}

function setDefaults(ingressClass: IngressClass): void {
  ingressClass.spec ??= {}
  const { parameters } = ingressClass.spec
  if (parameters !== undefined) parameters.scope ??= 'Cluster'
}

function formatName({ metadata }: IngressClass): string {
  const isDefault = metadata.annotations?.[defaultClassAnnotation] === 'true'
  return isDefault ? `${metadata.name} (default)` : metadata.name
}

function formatReference({ apiGroup, kind, name }: Wire<V1IngressClassParametersReference>): string {
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`
}

const maxControllerBytes = 250
const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

/** A path under a domain, `example.com/ingress`, so that two authors cannot choose the same. */
function validateController(controller: string): FieldError[] {
  const path = 'spec.controller'
  if (controller === '') return [required(path)]
  const [, domain = '', name = ''] = /^([^/]*)\/?(.*)$/s.exec(controller) ?? []
  const lengthErrors = Buffer.byteLength(controller) > maxControllerBytes ? [tooLong(path, maxControllerBytes)] : []
  if (domain === '' || name === '') {
    return [...lengthErrors, invalid(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  const isPath = new RegExp(`^${httpPath}$`).test(name)
  return [
    ...lengthErrors,
    ...validateSubdomain(domain, path),
    ...(isPath ? [] : [invalid(path, name, `Invalid path (regex used for validation is '${httpPath}')`)]),
  ]
}

type Parameters = Unchecked<Wire<V1IngressClassParametersReference>>

function validateParameters(parameters: Parameters, path: string): FieldError[] {
  return [...validateReference(parameters, path), ...validateScope(parameters, path)]
}

function validateScope({ scope = '', namespace }: Parameters, path: string): FieldError[] {
  const namespacePath = `${path}.namespace`
  switch (scope) {
    case 'Namespace':
      if (namespace !== undefined) return validateLabel(namespace, namespacePath)
      return [required(namespacePath, "`parameters.scope` is set to 'Namespace'")]
    case 'Cluster':
      return namespace === undefined ? [] : [forbidden(namespacePath, "`parameters.scope` is set to 'Cluster'")]
    default:
      return [notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])]
  }
}
