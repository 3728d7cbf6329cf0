/** Rules for the addresses of a Service and their families (KEP-563, dual stack). */
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { familyOf, validateIP } from '../addresses.ts'
import { repeated, validateOptionalEnum } from '../values.ts'
import { clusterFamilies, isExternalName, isHeadless, noClusterIP, type Spec } from './types.ts'

const families: readonly string[] = ['IPv4', 'IPv6']
const familyPolicies: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** Types that are reached from outside need an address to be reached at. */
export function validateNotHeadless(spec: Spec): FieldError[] {
  const isOutside = spec.type === 'LoadBalancer' || spec.type === 'NodePort'
  if (!isOutside || !isHeadless(spec)) return []
  return [invalid('spec.clusterIPs[0]', noClusterIP, `may not be set to 'None' for ${spec.type} services`)]
}

export function validateNoAddresses(spec: Spec): FieldError[] {
  if (!isExternalName(spec)) return []
  const given = {
    clusterIPs: (spec.clusterIPs ?? []).length > 0,
    ipFamilies: (spec.ipFamilies ?? []).length > 0,
    ipFamilyPolicy: spec.ipFamilyPolicy !== undefined,
  }
  return Object.entries(given)
    .filter(([, isGiven]) => isGiven)
    .map(([field]) => forbidden(`spec.${field}`, 'may not be set for ExternalName services'))
}

export function validateClusterIPs(spec: Spec): FieldError[] {
  if (isExternalName(spec)) return []
  const malformed = [...validateInStep(spec), ...validateFamilies(spec)]
  const { clusterIPs = [] } = spec
  const wrong = validateEach(clusterIPs)
  const count = clusterIPs.length > 2 ? [invalid(path, clusterIPs, 'may only hold up to 2 values')] : []
  if (wrong.length > 0) return [...malformed, ...wrong, ...count]
  return [...malformed, ...count, ...validateOnePerFamily(clusterIPs), ...validateAgreement(spec)]
}

const path = 'spec.clusterIPs'

function validateInStep({ clusterIP = '', clusterIPs = [] }: Spec): FieldError[] {
  const [first] = clusterIPs
  if (clusterIP === '') {
    return first === undefined ? [] : [invalid(path, clusterIPs, 'must be empty when `clusterIP` is not specified')]
  }
  if (first === undefined) return [required(path)]
  return first === clusterIP ? [] : [invalid(path, clusterIPs, 'first value must match `clusterIP`')]
}

function validateFamilies(spec: Spec): FieldError[] {
  const { ipFamilies = [], ipFamilyPolicy } = spec
  return [
    ...ipFamilies.flatMap((family, index) => validateFamily(spec, family, `spec.ipFamilies[${index}]`)),
    ...repeated(ipFamilies).map(({ value, index }) => duplicate(`spec.ipFamilies[${index}]`, value)),
    ...validateOptionalEnum(ipFamilyPolicy, 'spec.ipFamilyPolicy', familyPolicies),
    ...validateDualStack(spec),
  ]
}

function validateFamily(spec: Spec, family: string, path: string): FieldError[] {
  if (!families.includes(family)) return [notSupported(path, family, families)]
  if (hasHandMadeEndpoints(spec) || clusterFamilies.includes(family)) return []
  return [invalid(path, family, 'not configured on this cluster')]
}

function validateDualStack(spec: Spec): FieldError[] {
  const { ipFamilyPolicy } = spec
  if (ipFamilyPolicy !== 'RequireDualStack' || hasHandMadeEndpoints(spec) || clusterFamilies.length > 1) return []
  const problem = 'this cluster is not configured for dual-stack services'
  return [invalid('spec.ipFamilyPolicy', ipFamilyPolicy, problem)]
}

/** Headless and without a selector: the cluster allots no address, and endpoints may be of any family. */
function hasHandMadeEndpoints(spec: Spec): boolean {
  return isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0
}

function validateEach(clusterIPs: readonly string[]): FieldError[] {
  return clusterIPs.flatMap((ip, index) => {
    if (index > 0 || ip !== noClusterIP) return validateIP(ip, `${path}[${index}]`)
    return clusterIPs.length > 1 ? [invalid(path, clusterIPs, "'None' must be the first and only value")] : []
  })
}

function validateOnePerFamily(clusterIPs: readonly string[]): FieldError[] {
  const isDualStack = new Set(clusterIPs.map(familyOf)).size === 2
  if (clusterIPs.length < 2 || isDualStack) return []
  return [invalid(path, clusterIPs, 'may specify no more than one IP for each IP family')]
}

function validateAgreement(spec: Spec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  if (isHeadless(spec)) return []
  return clusterIPs.flatMap((ip, index) => {
    const family = ipFamilies[index]
    if (family === undefined || familyOf(ip) === family || !families.includes(family)) return []
    const problem = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``
    return [invalid(`${path}[${index}]`, ip, problem)]
  })
}
