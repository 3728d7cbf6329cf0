import { invalidObject } from '../../api/errors.ts'
import { describeFieldError } from '../../api/field-error.ts'
import { unsupportedIn } from '../../api/kinds/pod-spec/unsupported-in.ts'
import { groupResource } from '../../api/resource.ts'
import type { AdmissionStep } from './admission.ts'

/**
 * Refuses, with the field and what to use instead, what the API knows of pods and no node can do: who asks for it is
 * told at once, and not by a pod that never starts. What is stored already may stay, or it could not even be deleted.
 */
export const supportedPods: AdmissionStep = {
  name: 'supported-pods',
  admit({ operation, kind, subresource, object, previous }) {
    if (operation === 'delete' || subresource !== undefined) return
    const resource = groupResource(kind.resource)
    const known = (previous === undefined ? [] : unsupportedIn(resource, previous)).map(describeFieldError)
    const errors = unsupportedIn(resource, object).filter((error) => !known.includes(describeFieldError(error)))
    if (errors.length > 0) throw invalidObject(kind.resource, object.metadata.name ?? '', errors)
  },
}
