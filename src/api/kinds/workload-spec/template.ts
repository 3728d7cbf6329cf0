import { forbidden, invalid, notSupported, type FieldError } from '../../field-error.ts'
import type { LabelSelector } from '../../selectors.ts'
import { setPodSpecDefaults } from '../pod-spec/defaults.ts'
import type { PodTemplate } from '../pod-spec/types.ts'

const path = 'spec.template'

/** A workload without a template is judged as one with an empty template. */
export function setTemplateDefaults(spec: { template?: PodTemplate | undefined }): void {
  spec.template ??= {}
  spec.template.spec ??= {}
  setPodSpecDefaults(spec.template.spec)
}

/** Pods that the workload would not find again it would make without end. */
export function validateTemplateLabels(template: PodTemplate, selector: LabelSelector): FieldError[] {
  const labels = template.metadata?.labels
  if (selector.matches(labels)) return []
  return [invalid(`${path}.metadata.labels`, labels, '`selector` does not match template `labels`')]
}

/** Pods that end have no place in what keeps pods running. `owner` is the kind that messages name. */
export function validateKeptRunning({ spec = {} }: PodTemplate, owner: string): FieldError[] {
  const { restartPolicy = '', activeDeadlineSeconds } = spec
  const deadlinePath = `${path}.spec.activeDeadlineSeconds`
  const deadline = `activeDeadlineSeconds in ${owner} is not Supported`
  return [
    ...(restartPolicy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined ? [] : [forbidden(deadlinePath, deadline)]),
  ]
}
