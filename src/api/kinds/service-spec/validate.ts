import { invalid, required, type FieldError } from '../../field-error.ts'
import { validateLabels } from '../../metadata.ts'
import type { Service } from '../service.ts'
import { validateEnum, validateSubdomain } from '../values.ts'
import { validateClusterIPs, validateNoAddresses, validateNotHeadless } from './cluster-ips.ts'
import { validateKubeletPort, validatePorts, validatePortsGiven, validatePortsTogether } from './ports.ts'
import {
  validateAffinity,
  validateExternalIPs,
  validateLoadBalancer,
  validateSourceRanges,
  validateTrafficPolicies,
} from './traffic.ts'
import { isExternalName, type Spec, specOf } from './types.ts'

const types: readonly string[] = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

/** All problems of a Service, in the order of pkg/apis/core/validation `ValidateService`. */
export function validateService(service: Service): FieldError[] {
  const spec = specOf(service)
  const annotations = service.metadata.annotations ?? {}
  return [
    ...validateTopologyAnnotations(annotations),
    ...validatePortsGiven(spec),
    ...validateKubeletPort(spec),
    ...validateNotHeadless(spec),
    ...validateNoAddresses(spec),
    ...validateExternalName(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector ?? {}, 'spec.selector'),
    ...validateAffinity(spec),
    ...validateClusterIPs(spec),
    ...validateExternalIPs(spec),
    ...validateEnum(spec.type, 'spec.type', types),
    ...validatePortsTogether(spec),
    ...validateSourceRanges(spec, annotations),
    ...validateLoadBalancer(spec),
    ...validateTrafficPolicies(spec),
  ]
}

/** The name may end in a dot, to say that it is complete. */
function validateExternalName(spec: Spec): FieldError[] {
  if (!isExternalName(spec)) return []
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  const path = 'spec.externalName'
  return name === '' ? [required(path)] : validateSubdomain(name, path)
}

const topologyMode = 'service.kubernetes.io/topology-mode'
const topologyHints = 'service.kubernetes.io/topology-aware-hints'

function validateTopologyAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const { [topologyMode]: mode, [topologyHints]: hints } = annotations
  if (mode === undefined || hints === undefined || mode === hints) return []
  const problem = `must match annotations[${topologyHints}] when both are specified`
  return [invalid(`metadata.annotations[${topologyMode}]`, mode, problem)]
}
