import { nameColumn } from '../columns.ts'
import { semanticallyEqual } from '../equality.ts'
import { startGeneration, stepGeneration } from '../generation.ts'
import type { Kind } from '../kind.ts'
import type { KubeObject } from '../object.ts'
import type { Resource } from '../resource.ts'
import { formatLabels } from '../selectors.ts'
import { setTemplateDefaults } from './workload-spec/template.ts'
import { containerImages, containerNames } from './workload-spec/columns.ts'
import { validatePodTemplate } from './pod-spec/template.ts'
import { templateWarnings } from './pod-spec/warnings.ts'
import type { PodTemplateSpec } from './pod.ts'

/** A template of pods that is kept by itself, for programs to make pods from. */
export interface PodTemplate extends KubeObject {
  template: PodTemplateSpec
}

export const PodTemplates: Resource<PodTemplate> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  namespaced: true,
}

export const podTemplateKind: Kind<PodTemplate> = {
  resource: PodTemplates,
  schema: 'V1PodTemplate',
  nameRule: 'dns-subdomain',
  hasStatus: false,

  setDefaults: setTemplateDefaults,
  prepareCreate: startGeneration,
  prepareUpdate(next, previous) {
    setTemplateDefaults(next)
    stepGeneration(next, previous, !semanticallyEqual(next.template, previous.template))
  },

  validate: ({ template }) => validatePodTemplate(template, 'template'),
  warnings({ metadata, template }, previous) {
    return metadata.generation === previous?.metadata.generation ? [] : templateWarnings(template, 'template')
  },

  columns: [
    nameColumn,
    {
      name: 'Containers',
      type: 'string',
      description: 'Names of the containers in the template.',
      priority: 0,
      cell: ({ template }) => containerNames(template),
    },
    {
      name: 'Images',
      type: 'string',
      description: 'Their images.',
      priority: 0,
      cell: ({ template }) => containerImages(template),
    },
    {
      name: 'Pod Labels',
      type: 'string',
      description: 'Labels that pods made from it get.',
      priority: 0,
      cell: ({ template }) => formatLabels(template.metadata?.labels),
    },
  ],
}
