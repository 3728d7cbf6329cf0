import { invalid, required, type FieldError } from '../../field-error.ts'
import { isDNS1035Label, isPathSegmentName, isPortName } from '../../names.ts'
import { checked, validatePortNumber, validateSubdomain } from '../values.ts'
import type { Backend, ResourceBackend, ServiceBackend } from './types.ts'

/** Where requests go: a port of a Service, or another object that the controller knows. */
export function validateBackend({ service, resource }: Backend, path: string): FieldError[] {
  if (service === undefined) {
    return resource === undefined
      ? [invalid(path, '', 'resource or service backend is required')]
      : validateReference(resource, `${path}.resource`)
  }
  if (resource !== undefined) return [invalid(path, '', 'cannot set both resource and service backends')]
  return validateService(service, path)
}

function validateService({ name = '', port = {} }: ServiceBackend, path: string): FieldError[] {
  const namePath = `${path}.service.name`
  return [
    ...(name === '' ? [required(namePath)] : checked(name, namePath, isDNS1035Label)),
    ...validatePort(port, path),
  ]
}

function validatePort({ name = '', number = 0 }: NonNullable<ServiceBackend['port']>, path: string): FieldError[] {
  if (name !== '' && number !== 0) return [invalid(path, '', 'cannot set both port name & port number')]
  if (name !== '') return checked(name, `${path}.service.port.name`, isPortName)
  if (number !== 0) return validatePortNumber(number, `${path}.service.port.number`)
  return [required(path, 'port name or number is required')]
}

/** An object of any kind: only what could not stand in a URL is refused. */
export function validateReference({ apiGroup, kind = '', name = '' }: ResourceBackend, path: string): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : validateSubdomain(apiGroup, `${path}.apiGroup`)),
    ...validateSegment(kind, `${path}.kind`),
    ...validateSegment(name, `${path}.name`),
  ]
}

function validateSegment(value: string, path: string): FieldError[] {
  return value === '' ? [required(path)] : checked(value, path, isPathSegmentName)
}
