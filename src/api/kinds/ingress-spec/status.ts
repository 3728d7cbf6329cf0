import { invalid, type FieldError } from '../../field-error.ts'
import { familyOf, validateIP } from '../addresses.ts'
import type { IngressStatus } from '../ingress.ts'
import { validateSubdomain } from '../values.ts'

export function validateIngressStatus({ loadBalancer }: IngressStatus): FieldError[] {
  return (loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, index) => {
    const path = `status.loadBalancer.ingress[${index}]`
    return [
      ...(ip === '' ? [] : validateIP(ip, `${path}.ip`)),
      ...(hostname === '' ? [] : validateHostname(hostname, `${path}.hostname`)),
    ]
  })
}

function validateHostname(hostname: string, path: string): FieldError[] {
  const isAddress = familyOf(hostname) !== undefined
  return [
    ...validateSubdomain(hostname, path),
    ...(isAddress ? [invalid(path, hostname, 'must be a DNS name, not an IP address')] : []),
  ]
}
