import { type Ingress, Ingresses } from '../../api/kinds/ingress.ts'
import { defaultClassAnnotation, IngressClasses } from '../../api/kinds/ingress-class.ts'
import { ingressClassAnnotation } from '../../api/kinds/ingress-spec/validate.ts'
import type { KubeObject } from '../../api/object.ts'
import { keyFor, type ObjectStore } from '../objects.ts'
import type { AdmissionStep } from './admission.ts'

/**
 * A new Ingress that names no class, neither by field nor by the annotation of old, gets the default one; the newest if
 * there are several (upstream's admission plugin DefaultIngressClass).
 */
export function defaultIngressClass(objects: ObjectStore): AdmissionStep {
  return {
    name: 'default-ingress-class',
    async admit({ operation, kind, subresource, object }) {
      if (kind.resource.plural !== Ingresses.plural || kind.resource.group !== Ingresses.group) return
      if (operation !== 'create' || subresource !== undefined) return
      const { spec, metadata } = object as Ingress
      if (spec.ingressClassName !== undefined || metadata.annotations?.[ingressClassAnnotation] !== undefined) return
      const name = await defaultClassName(objects)
      if (name !== undefined) spec.ingressClassName = name
    },
  }
}

async function defaultClassName(objects: ObjectStore): Promise<string | undefined> {
  const { entries } = await objects.store.list(keyFor(IngressClasses))
  const defaults = entries
    .map((entry) => objects.decode(entry).object)
    .filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
    .sort(newestFirst)
  return defaults[0]?.metadata.name
}

function newestFirst({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  const [createdA, createdB] = [String(a.creationTimestamp), String(b.creationTimestamp)]
  if (createdA !== createdB) return createdA < createdB ? 1 : -1
  return a.name < b.name ? -1 : 1
}
