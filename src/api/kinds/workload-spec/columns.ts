/** Columns that all kinds with a template of pods have with `-o wide`. */
import type { V1PodTemplateSpec } from '@kubernetes/client-node'
import type { Column } from '../../kind.ts'
import type { KubeObject, Wire } from '../../object.ts'
import { type SelectorObject, selectorText } from './selector.ts'

interface Workload extends KubeObject {
  readonly spec: { readonly template: Wire<V1PodTemplateSpec>; readonly selector?: SelectorObject }
}

export const containersColumn: Column<Workload> = {
  name: 'Containers',
  type: 'string',
  description: 'Names of the containers in each pod.',
  priority: 1,
  cell: ({ spec }) => containerNames(spec.template),
}

export const imagesColumn: Column<Workload> = {
  name: 'Images',
  type: 'string',
  description: 'Their images.',
  priority: 1,
  cell: ({ spec }) => containerImages(spec.template),
}

export const selectorColumn: Column<Workload> = {
  name: 'Selector',
  type: 'string',
  description: 'Labels of the pods that it looks after.',
  priority: 1,
  cell: ({ spec }) => selectorText(spec.selector) || '<none>',
}

export function containerNames({ spec }: Wire<V1PodTemplateSpec>): string {
  return (spec?.containers ?? []).map(({ name }) => name).join(',')
}

export function containerImages({ spec }: Wire<V1PodTemplateSpec>): string {
  return (spec?.containers ?? []).map(({ image = '' }) => image).join(',')
}
