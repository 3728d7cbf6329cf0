import { isIP } from 'node:net'
import { forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import type { Unchecked } from '../../unchecked.ts'
import { validateIP } from '../addresses.ts'
import type { Service, ServiceStatus } from '../service.ts'
import { validateSubdomain } from '../values.ts'

type LoadBalancer = NonNullable<ServiceStatus['loadBalancer']>
type Ingress = Unchecked<NonNullable<LoadBalancer['ingress']>[number]>

const ipModes: readonly string[] = ['Proxy', 'VIP']

/** Addresses are reported only for Services that ask for a load balancer. */
export function validateServiceStatus({ spec, status }: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress'
  const ingress: readonly Ingress[] = status?.loadBalancer?.ingress ?? []
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) {
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  }
  return ingress.flatMap((entry, index) => validateIngress(entry, `${path}[${index}]`))
}

function validateIngress({ ip = '', hostname = '', ipMode }: Ingress, path: string): FieldError[] {
  return [
    ...(ip === '' ? [] : validateIP(ip, `${path}.ip`)),
    ...validateIPMode(ipMode, ip !== '', `${path}.ipMode`),
    ...(hostname === '' ? [] : validateHostname(hostname, `${path}.hostname`)),
  ]
}

function validateIPMode(mode: string | undefined, hasIP: boolean, path: string): FieldError[] {
  if (mode === undefined) return hasIP ? [required(path, 'must be specified when `ip` is set')] : []
  if (!hasIP) return [forbidden(path, 'may not be specified when `ip` is not set')]
  return ipModes.includes(mode) ? [] : [notSupported(path, mode, ipModes)]
}

function validateHostname(hostname: string, path: string): FieldError[] {
  const errors = validateSubdomain(hostname, path)
  return isIP(hostname) === 0 ? errors : [...errors, invalid(path, hostname, 'must be a DNS name, not an IP address')]
}
