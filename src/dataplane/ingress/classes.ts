import type { Ingress } from '../../api/kinds/ingress.ts'
import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import { ingressClassAnnotation } from '../../api/kinds/ingress-spec/validate.ts'

/** What an IngressClass names in order to be served by us. */
export const controllerName = 'portolan.dev/ingress'

/** The class that every cluster of ours has. */
export const ownClass = 'portolan'

/**
 * Whether an Ingress is ours to serve: its class, by the field or else by the old annotation, is one of our controller.
 * That of a name without an IngressClass is ours if it is `portolan`. The API gives those that name none the default
 * class when they are made; what has none all the same is nobody's.
 */
export function isOurs({ metadata, spec }: Ingress, classes: readonly IngressClass[]): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.[ingressClassAnnotation]
  if (name === undefined) return false
  const found = classes.find((each) => each.metadata.name === name)
  return found === undefined ? name === ownClass : found.spec.controller === controllerName
}
