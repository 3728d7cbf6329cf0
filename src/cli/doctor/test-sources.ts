import type { DoctorSources } from './sources.ts'

/** Of a command line that does not run the doctor. */
export const noDoctor: DoctorSources = {
  readIngresses: () => Promise.reject(new Error('the doctor was run')),
  schema() {
    throw new Error('the doctor was run')
  },
  standardInput: () => Promise.reject(new Error('the doctor was run')),
}
