import { forbidden, invalid, type FieldError } from '../../field-error.ts'
import type { Service } from '../service.ts'
import { isExternalName, isHeadless, isLoadBalancer, needsHealthCheckPort, type Spec, specOf } from './types.ts'

const onceSet = 'may not change once set'

/** What of a Service stays as it is, except on the way from or to ExternalName, or between two headless ones. */
export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const [spec, before] = [specOf(next), specOf(previous)]
  return [
    ...(isExternalName(spec) || isExternalName(before) ? [] : validateAddressesKept(spec, before)),
    ...validateClassKept(spec, before),
    ...validateHealthCheckKept(spec, before),
  ]
}

function validateAddressesKept(spec: Spec, before: Spec): FieldError[] {
  if (isHeadless(spec) && isHeadless(before)) return []
  const addresses = validateListKept('clusterIP', spec.clusterIPs ?? [], before.clusterIPs ?? [], spec)
  if (isHeadless(spec) !== isHeadless(before)) return addresses
  return [...addresses, ...validateListKept('ipFamily', spec.ipFamilies ?? [], before.ipFamilies ?? [], spec)]
}

/** The first stays; a second may come, and may go if the policy says so. */
function validateListKept(
  what: 'clusterIP' | 'ipFamily',
  values: readonly string[],
  before: readonly string[],
  { ipFamilyPolicy }: Spec,
): FieldError[] {
  const path = what === 'clusterIP' ? 'spec.clusterIPs' : 'spec.ipFamilies'
  if (values.length === before.length) {
    return before.flatMap((value, index) =>
      value === values[index] ? [] : [invalid(`${path}[${what === 'clusterIP' ? index : 0}]`, values, onceSet)],
    )
  }
  const errors: FieldError[] = []
  const isFirstKept = before.length === 0 || values.length === 0 || values[0] === before[0]
  if (values.length === 0) errors.push(invalid(`${path}[0]`, values, `primary ${what} can not be unset`))
  if (!isFirstKept) errors.push(invalid(`${path}[0]`, values, onceSet))
  const isReleased = values.length < before.length && values.length === 1
  if (isReleased && ipFamilyPolicy !== 'SingleStack') {
    const problem = `must be set to 'SingleStack' when releasing the secondary ${what}`
    errors.push(invalid('spec.ipFamilyPolicy', ipFamilyPolicy, problem))
  }
  return errors
}

function validateClassKept(spec: Spec, before: Spec): FieldError[] {
  const { loadBalancerClass } = spec
  if (!isLoadBalancer(spec) || !isLoadBalancer(before) || loadBalancerClass === before.loadBalancerClass) return []
  return [invalid('spec.loadBalancerClass', loadBalancerClass, onceSet)]
}

function validateHealthCheckKept(spec: Spec, before: Spec): FieldError[] {
  if (!needsHealthCheckPort(spec) || !needsHealthCheckPort(before)) return []
  if (spec.healthCheckNodePort === before.healthCheckNodePort) return []
  return [forbidden('spec.healthCheckNodePort', 'field is immutable')]
}
