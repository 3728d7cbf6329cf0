import type { Section } from '../step.ts'
import { external } from './external.ts'
import { headless } from './headless.ts'
import { ingress } from './ingress.ts'
import { outside } from './outside.ts'
import { readiness } from './readiness.ts'
import { services } from './services.ts'
import { troubleshooting } from './troubleshooting.ts'

/** The tour, in the chapter's order. */
export const sections: readonly Section[] = [services, external, outside, ingress, readiness, headless, troubleshooting]
