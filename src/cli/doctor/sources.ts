import type { Schema } from '../../api/schema/schema.ts'
import type { ReadIngresses } from '../../doctor/ingress/reading.ts'

/** What `portolan doctor` is given by those that it must not know. */
export interface DoctorSources {
  readonly readIngresses: ReadIngresses
  /** Of the API's types; read when first asked for. */
  schema(): Schema
  /** All of it. */
  standardInput(): Promise<string>
}
