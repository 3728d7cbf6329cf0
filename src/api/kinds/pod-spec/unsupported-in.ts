import type { FieldError } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { PodSpec } from '../pod.ts'
import { unsupportedFields } from './unsupported.ts'

interface Shaped extends KubeObject {
  readonly spec?: PodSpec & { readonly template?: { readonly spec?: PodSpec } }
}

const workloads: ReadonlySet<string> = new Set([
  'replicationcontrollers',
  'replicasets.apps',
  'deployments.apps',
  'daemonsets.apps',
  'statefulsets.apps',
])

/** What no node can do of the pods that an object is or makes; `resource` as in `deployments.apps`. */
export function unsupportedIn(resource: string, object: KubeObject): readonly FieldError[] {
  const { spec = { containers: [] } } = object as Shaped
  if (resource === 'pods') return unsupportedFields(spec, 'spec')
  return workloads.has(resource) ? unsupportedFields(spec.template?.spec ?? {}, 'spec.template.spec') : []
}
