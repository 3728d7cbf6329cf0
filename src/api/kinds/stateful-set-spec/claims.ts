/** Claims of volumes: nothing serves them yet, but a StatefulSet that has them is judged as upstream judges it. */
import { invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { parseQuantity, QuantityError } from '../../quantity.ts'
import type { PodTemplate } from '../pod-spec/types.ts'
import { validateLabel } from '../values.ts'
import type { ClaimTemplate } from './types.ts'

const accessModes: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

export function validateClaimTemplates(claims: readonly ClaimTemplate[], list: string): FieldError[] {
  return claims.flatMap(({ metadata = {}, spec = {} }, index) => {
    const path = `${list}[${index}]`
    const { name = '' } = metadata
    const { accessModes: modes = [], resources = {} } = spec
    const modesPath = `${path}.spec.accessModes`
    return [
      ...(name === '' ? [required(`${path}.metadata.name`)] : validateLabel(name, `${path}.metadata.name`)),
      ...(modes.length === 0 ? [required(modesPath, 'at least 1 access mode is required')] : []),
      ...modes.filter((mode) => !accessModes.includes(mode)).map((mode) => notSupported(modesPath, mode, accessModes)),
      ...validateStorage(resources.requests?.['storage'], `${path}.spec.resources`),
    ]
  })
}

function validateStorage(storage: string | undefined, path: string): FieldError[] {
  if (storage === undefined) return [required(`${path}[storage]`)]
  try {
    const isPositive = parseQuantity(storage).nanos > 0n
    return isPositive ? [] : [invalid(`${path}.requests[storage]`, storage, 'must be greater than zero')]
  } catch (error) {
    if (error instanceof QuantityError) return [invalid(`${path}.requests[storage]`, storage, error.message)]
    throw error
  }
}

/** The template with the volumes that come from claims and are not in it already. */
export function withClaims(template: PodTemplate, claims: readonly ClaimTemplate[]): PodTemplate {
  const own = template.spec?.volumes ?? []
  const names = new Set(own.map(({ name = '' }) => name))
  const claimed = claims
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => validateLabel(name, '').length === 0 && !names.has(name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...template.spec, volumes: [...own, ...claimed] } }
}
