/** Rules for who may reach a Service, over which nodes, and how clients are kept to one pod. */
import { forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { validateCIDR, validateIP, validateNonSpecialIP } from '../addresses.ts'
import { validateEnum, validateOptionalEnum, validatePortNumber, validateQualifiedName } from '../values.ts'
import { isExternallyAccessible, isExternalName, isLoadBalancer, needsHealthCheckPort, type Spec } from './types.ts'

const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"
const trafficPolicies: readonly string[] = ['Cluster', 'Local']
const trafficDistributions: readonly string[] = ['PreferClose', 'PreferSameZone', 'PreferSameNode']

/** A day: the longest that a client may be kept to one pod, in seconds. */
const maxAffinityTimeout = 86_400

export function validateAffinity({ sessionAffinity, sessionAffinityConfig }: Spec): FieldError[] {
  const errors = validateEnum(sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None'])
  const path = 'spec.sessionAffinityConfig'
  if (sessionAffinity === 'ClientIP') return [...errors, ...validateAffinityTimeout(sessionAffinityConfig, path)]
  if (sessionAffinity !== 'None' || sessionAffinityConfig === undefined) return errors
  return [...errors, forbidden(path, 'must not be set when session affinity is None')]
}

function validateAffinityTimeout(config: Spec['sessionAffinityConfig'], path: string): FieldError[] {
  const why = 'when session affinity type is ClientIP'
  if (config === undefined) return [required(path, why)]
  if (config.clientIP === undefined) return [required(`${path}.clientIP`, why)]
  const { timeoutSeconds } = config.clientIP
  const timeoutPath = `${path}.clientIP.timeoutSeconds`
  if (timeoutSeconds === undefined) return [required(timeoutPath, why)]
  if (timeoutSeconds > 0 && timeoutSeconds <= maxAffinityTimeout) return []
  return [invalid(timeoutPath, timeoutSeconds, `must be greater than 0 and less than ${maxAffinityTimeout}`)]
}

export function validateExternalIPs({ externalIPs = [] }: Spec): FieldError[] {
  return externalIPs.flatMap((ip, index) => {
    const path = `spec.externalIPs[${index}]`
    const errors = validateIP(ip, path)
    return errors.length > 0 ? errors : validateNonSpecialIP(ip, path)
  })
}

/** Ranges by field or, as before there was one, by annotation; values may be padded with spaces. */
export function validateSourceRanges(spec: Spec, annotations: Readonly<Record<string, string>>): FieldError[] {
  const { loadBalancerSourceRanges: ranges = [] } = spec
  const annotation = annotations[sourceRangesAnnotation]
  if (ranges.length === 0 && annotation === undefined) return []
  // Upstream spells this one path with a capital letter.
  const path = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${sourceRangesAnnotation}]`
  const misplaced = isLoadBalancer(spec) ? [] : [forbidden(path, onlyLoadBalancer)]
  if (ranges.length > 0) {
    return [...misplaced, ...ranges.flatMap((range, index) => validateCIDR(range.trim(), `${path}[${index}]`))]
  }
  const listed = annotation?.trim() === '' ? [] : (annotation?.split(',') ?? [])
  return [...misplaced, ...listed.flatMap((range) => validateCIDR(range.trim(), path))]
}

const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

export function validateLoadBalancer(spec: Spec): FieldError[] {
  const { allocateLoadBalancerNodePorts: allocate, loadBalancerClass } = spec
  const classPath = 'spec.loadBalancerClass'
  if (isLoadBalancer(spec)) {
    return [
      ...(allocate === undefined ? [required('allocateLoadBalancerNodePorts')] : []),
      ...(loadBalancerClass === undefined ? [] : validateQualifiedName(loadBalancerClass, classPath)),
    ]
  }
  return [
    ...(allocate === undefined ? [] : [forbidden('spec.allocateLoadBalancerNodePorts', onlyLoadBalancer)]),
    ...(loadBalancerClass === undefined ? [] : [forbidden(classPath, onlyLoadBalancer)]),
  ]
}

/** A health check port that is missing is no problem here: the server draws one. */
export function validateTrafficPolicies(spec: Spec): FieldError[] {
  const { healthCheckNodePort: healthCheck = 0, trafficDistribution } = spec
  const misplaced = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  const healthCheckPath = 'spec.healthCheckNodePort'
  const healthCheckErrors = needsHealthCheckPort(spec)
    ? validatePortNumber(healthCheck, healthCheckPath)
    : [invalid(healthCheckPath, healthCheck, misplaced)]
  return [
    ...validateExternalPolicy(spec),
    ...(healthCheck === 0 ? [] : healthCheckErrors),
    ...validateInternalPolicy(spec),
    ...validateOptionalEnum(trafficDistribution, 'spec.trafficDistribution', trafficDistributions),
  ]
}

function validateExternalPolicy(spec: Spec): FieldError[] {
  const { externalTrafficPolicy: policy } = spec
  const path = 'spec.externalTrafficPolicy'
  if (isExternallyAccessible(spec)) return validateEnum(policy, path, trafficPolicies)
  if (policy === undefined || policy === '') return []
  return [invalid(path, policy, 'may only be set for externally-accessible services')]
}

function validateInternalPolicy(spec: Spec): FieldError[] {
  const { internalTrafficPolicy: policy } = spec
  const path = 'spec.internalTrafficPolicy'
  if (policy === undefined) return isExternalName(spec) ? [] : [required(path)]
  return trafficPolicies.includes(policy) ? [] : [notSupported(path, policy, trafficPolicies)]
}
