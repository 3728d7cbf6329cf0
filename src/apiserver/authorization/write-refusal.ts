import { forbiddenRequest, type StatusError } from '../../api/errors.ts'
import type { AdmissionWrite } from '../admission/admission.ts'

/** A 403 for the object of a write. */
export function refusal({ kind, object }: AdmissionWrite, why: string): StatusError {
  return forbiddenRequest(kind.resource, object.metadata.name ?? '', why)
}
