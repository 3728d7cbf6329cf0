import { invalidObject } from '../../api/errors.ts'
import type { PodSpec } from '../../api/kinds/pod.ts'
import { unsupportedFields } from '../../api/kinds/pod-spec/unsupported.ts'
import type { KubeObject } from '../../api/object.ts'
import { groupResource } from '../../api/resource.ts'
import type { AdmissionStep } from './admission.ts'

interface Templated extends KubeObject {
  readonly spec?: { readonly template?: { readonly spec?: PodSpec } }
}

/** Where objects of a resource say what pods are like. */
const places: Readonly<Record<string, { readonly path: string; specOf(object: KubeObject): PodSpec | undefined }>> = {
  pods: { path: 'spec', specOf: (object) => (object as KubeObject & { spec?: PodSpec }).spec },
  ...Object.fromEntries(
    ['replicationcontrollers', 'replicasets.apps', 'deployments.apps', 'daemonsets.apps', 'statefulsets.apps'].map(
      (resource) => [
        resource,
        { path: 'spec.template.spec', specOf: (object: KubeObject) => (object as Templated).spec?.template?.spec },
      ],
    ),
  ),
}

/**
 * Refuses, with the field and what to use instead, what the API knows of pods and no node can do: who asks for it is told
 * at once, and not by a pod that never starts.
 */
export const supportedPods: AdmissionStep = {
  name: 'supported-pods',
  admit({ operation, kind, subresource, object }) {
    if (operation === 'delete' || subresource !== undefined) return
    const place = places[groupResource(kind.resource)]
    const spec = place?.specOf(object)
    if (place === undefined || spec === undefined) return
    const errors = unsupportedFields(spec, place.path)
    if (errors.length > 0) throw invalidObject(kind.resource, object.metadata.name ?? '', errors)
  },
}
