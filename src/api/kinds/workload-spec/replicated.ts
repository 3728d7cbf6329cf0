/** What Deployments and ReplicaSets ask of their selector and template, in the same words. */
import { invalid, type FieldError } from '../../field-error.ts'
import { validatePodTemplate } from '../pod-spec/template.ts'
import type { PodTemplate } from '../pod-spec/types.ts'
import { compiledSelector, type SelectorObject, validateSelector } from './selector.ts'
import { validateKeptRunning, validateTemplateLabels } from './template.ts'

interface Spec {
  readonly selector?: SelectorObject | undefined
  readonly template?: PodTemplate | undefined
}

/** Upstream says "deployment" and "ReplicaSet" for both. */
export function validateSelectorAndTemplate({ selector, template = {} }: Spec): FieldError[] {
  const compiled = compiledSelector(selector)
  const selectorErrors = validateSelector(selector, 'deployment')
  if (compiled === undefined) return [...selectorErrors, invalid('spec.selector', selector, 'invalid label selector')]
  return [
    ...selectorErrors,
    ...validateTemplateLabels(template, compiled),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateKeptRunning(template, 'ReplicaSet'),
  ]
}
