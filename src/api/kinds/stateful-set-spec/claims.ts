/** Claims of volumes: nothing serves them, so a StatefulSet that has them would wait for its volumes without end. */
import { forbidden, type FieldError } from '../../field-error.ts'
import type { PodTemplate } from '../pod-spec/types.ts'
import { validateLabel } from '../values.ts'
import type { ClaimTemplate } from './types.ts'

const refusal =
  'PersistentVolumeClaims are not served by this cluster: give the template volumes of another type, such as emptyDir or hostPath'

/** One sentence for all of them; what else may be wrong with them does not matter. */
export function refuseClaims(claims: readonly ClaimTemplate[], list: string): FieldError[] {
  return claims.length === 0 ? [] : [forbidden(list, refusal)]
}

/** The template with the volumes that would come from claims, so that their mounts are not called unknown as well. */
export function withClaims(template: PodTemplate, claims: readonly ClaimTemplate[]): PodTemplate {
  const own = template.spec?.volumes ?? []
  const names = new Set(own.map(({ name = '' }) => name))
  const claimed = claims
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => validateLabel(name, '').length === 0 && !names.has(name))
    .map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...template.spec, volumes: [...own, ...claimed] } }
}
