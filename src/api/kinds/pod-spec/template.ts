import { forbidden, type FieldError } from '../../field-error.ts'
import { validateAnnotations, validateLabels } from '../../metadata.ts'
import type { PodTemplate } from './types.ts'
import { validatePodSpec } from './validate.ts'

/** Problems of a template of pods, as ReplicationControllers, Deployments and Jobs have one. */
export function validatePodTemplate({ metadata = {}, spec = {} }: PodTemplate, path: string): FieldError[] {
  const ephemeral = (spec.ephemeralContainers ?? []).length > 0
  return [
    ...validateLabels(metadata.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(metadata.annotations ?? {}, `${path}.annotations`),
    ...validatePodSpec(spec, false, `${path}.spec`),
    ...(ephemeral
      ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
  ]
}
