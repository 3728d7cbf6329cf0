import { objectKey, type ObjectKey } from '../object.ts'
import { serviceNameLabel, type EndpointSlice } from './endpoint-slice.ts'
import type { Service } from './service.ts'

/** Who carries either label leaves a Service to another proxy, or to clients themselves. */
const foreignLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']

/** The Service that a slice belongs to. Undefined for one that nobody has claimed. */
export function serviceOf(slice: EndpointSlice): ObjectKey | undefined {
  const name = slice.metadata.labels?.[serviceNameLabel]
  return name === undefined ? undefined : objectKey(slice.metadata.namespace, name)
}

/** Whether connections to its addresses are led to endpoints by the service proxies of nodes. */
export function isProxied({ metadata, spec }: Service): boolean {
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return false
  return !foreignLabels.some((label) => metadata.labels?.[label] !== undefined)
}
