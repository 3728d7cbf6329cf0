import { forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { isHTTPHeaderName } from '../../names.ts'
import {
  checked,
  validateNonNegative,
  validatePortNumber,
  validatePortNumberOrName,
  validateRequired,
} from '../values.ts'
import type { Container, Handler, Lifecycle, Probe } from './types.ts'

/** Problems of all probes and hooks of a container. `gracePeriod` is the pod's, in seconds. */
export function validateProbesAndHooks(container: Container, gracePeriod: number, path: string): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container
  return [
    ...(lifecycle === undefined ? [] : validateLifecycle(lifecycle, gracePeriod, `${path}.lifecycle`)),
    ...(livenessProbe === undefined ? [] : validateOnceProbe(livenessProbe, `${path}.livenessProbe`)),
    ...(readinessProbe === undefined ? [] : validateReadinessProbe(readinessProbe, `${path}.readinessProbe`)),
    ...(startupProbe === undefined ? [] : validateOnceProbe(startupProbe, `${path}.startupProbe`)),
  ]
}

/** Liveness and start-up probes: one success is enough. */
function validateOnceProbe(probe: Probe, path: string): FieldError[] {
  const errors = validateProbe(probe, path)
  const { successThreshold = 0 } = probe
  if (successThreshold === 1) return errors
  return [...errors, invalid(`${path}.successThreshold`, successThreshold, 'must be 1')]
}

function validateReadinessProbe(probe: Probe, path: string): FieldError[] {
  const errors = validateProbe(probe, path)
  const { terminationGracePeriodSeconds: grace } = probe
  if (grace === undefined) return errors
  const problem = 'must not be set for readinessProbes'
  return [...errors, invalid(`${path}.terminationGracePeriodSeconds`, grace, problem)]
}

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

function validateProbe(probe: Probe, path: string): FieldError[] {
  const { terminationGracePeriodSeconds: grace } = probe
  return [
    ...validateHandler(probe, 0, path),
    ...counts.flatMap((field) => validateNonNegative(probe[field], `${path}.${field}`)),
    ...(grace === undefined || grace > 0
      ? []
      : [invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]),
  ]
}

function validateLifecycle({ postStart, preStop }: Lifecycle, gracePeriod: number, path: string): FieldError[] {
  return [
    ...(postStart === undefined ? [] : validateHandler(postStart, gracePeriod, `${path}.postStart`)),
    ...(preStop === undefined ? [] : validateHandler(preStop, gracePeriod, `${path}.preStop`)),
  ]
}

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

/** Exactly one of them. */
function validateHandler(handler: Handler, gracePeriod: number, path: string): FieldError[] {
  const [first, ...others] = handlers.filter((name) => handler[name] !== undefined)
  if (first === undefined) return [required(path, 'must specify a handler type')]
  const tooMany = others.map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'))
  return [...validateAction(handler, first, gracePeriod, `${path}.${first}`), ...tooMany]
}

function validateAction(
  handler: Handler,
  name: (typeof handlers)[number],
  gracePeriod: number,
  path: string,
): FieldError[] {
  switch (name) {
    case 'exec':
      return (handler.exec?.command ?? []).length === 0 ? [required(`${path}.command`)] : []
    case 'httpGet':
      return validateHttpGet(handler.httpGet ?? {}, path)
    case 'tcpSocket':
      return validatePortNumberOrName(handler.tcpSocket?.port, `${path}.port`)
    case 'grpc':
      return validatePortNumber(handler.grpc?.port, `${path}.port`)
    case 'sleep':
      return validateSleep(handler.sleep?.seconds ?? 0, gracePeriod, path)
    default:
      return name satisfies never
  }
}

const schemes: readonly string[] = ['HTTP', 'HTTPS']

function validateHttpGet(action: NonNullable<Handler['httpGet']>, path: string): FieldError[] {
  const { scheme = '', httpHeaders = [] } = action
  return [
    ...validateRequired(action.path, `${path}.path`),
    ...validatePortNumberOrName(action.port, `${path}.port`),
    ...(schemes.includes(scheme) ? [] : [notSupported(`${path}.scheme`, scheme, schemes)]),
    ...httpHeaders.flatMap(({ name = '' }) => checked(name, `${path}.httpHeaders`, isHTTPHeaderName)),
  ]
}

/** A hook may sleep for as long as the pod may take to end, or not at all. */
function validateSleep(seconds: number, gracePeriod: number, path: string): FieldError[] {
  if (seconds >= 0 && seconds <= gracePeriod) return []
  const bound = `terminationGracePeriodSeconds (${gracePeriod})`
  return [invalid(path, seconds, `must be non-negative and less than ${bound}`)]
}
