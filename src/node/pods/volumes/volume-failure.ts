/** Why a volume cannot be set up; the message is shown in a FailedMount event. */
export class VolumeFailure extends Error {
  override readonly name = 'VolumeFailure'
}
