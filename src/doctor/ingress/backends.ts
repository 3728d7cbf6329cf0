import type { Ingress, IngressBackend } from '../../api/kinds/ingress.ts'
import type { PortReference } from './backend-ports.ts'

/** A Service that an Ingress sends requests to. */
export interface Backend {
  /** In the Ingress: `spec.rules[0].http.paths[0].backend`. */
  readonly path: string
  readonly service: string
  readonly port: PortReference
}

/** Each that it names, with repeats; other objects than Services are left out. */
export function backendsOf({ spec }: Ingress): readonly Backend[] {
  const rules = (spec.rules ?? []).flatMap(({ http }, rule) => (http?.paths ?? []).map(({ backend }, index) => ({ backend, path: `spec.rules[${rule}].http.paths[${index}].backend` })))
  const all = [...(spec.defaultBackend === undefined ? [] : [{ backend: spec.defaultBackend, path: 'spec.defaultBackend' }]), ...rules]
  return all.flatMap(({ backend, path }) => (backend.service === undefined ? [] : [{ path, ...namedIn(backend.service) }]))
}

function namedIn({ name, port: { name: portName = '', number } = {} }: NonNullable<IngressBackend['service']>): Omit<Backend, 'path'> {
  return { service: name, port: { ...(portName === '' ? {} : { name: portName }), ...(number === undefined ? {} : { number }) } }
}
