import { UnknownField } from '../field-values.ts'
import { StartFailure } from '../start-failure.ts'

/** Why a volume cannot be set up; the message is shown in a FailedMount event. */
export class VolumeFailure extends Error {
  override readonly name = 'VolumeFailure'
}

/** Whether an error says what is wrong with a volume, as opposed to with us or the API. */
export function isVolumeProblem(error: unknown): error is Error {
  return error instanceof VolumeFailure || error instanceof StartFailure || error instanceof UnknownField
}
