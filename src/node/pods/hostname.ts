import type { Pod } from '../../api/kinds/pod.ts'
import { StartFailure } from './start-failure.ts'

/** Of the kernel, for the name of a host. */
const longestNodename = 64

/**
 * The pod's short name inside the pod: `spec.hostname` or the pod's name, cut to the 63 bytes that a label may have;
 * `spec.hostnameOverride` in the place of both (KEP-4762); the node's in the node's network.
 */
export function hostnameOf({ spec, metadata }: Pod): string {
  if (spec.hostNetwork === true) return spec.nodeName ?? metadata.name
  if (spec.hostnameOverride !== undefined && spec.hostnameOverride !== '') return spec.hostnameOverride
  return (spec.hostname || metadata.name).slice(0, 63).replace(/[-.]+$/, '')
}

/** What follows the short name in the DNS, for a pod with a subdomain. */
export function domainOf({ spec, metadata }: Pod, clusterDomain: string): string | undefined {
  const { subdomain = '', hostNetwork = false, hostnameOverride = '' } = spec
  if (subdomain === '' || hostNetwork || hostnameOverride !== '') return undefined
  return `${subdomain}.${metadata.namespace}.svc.${clusterDomain}`
}

/** What `hostname` says in the pod: with the domain where the pod asks for that. Throws `StartFailure`. */
export function nodenameOf(pod: Pod, clusterDomain: string): string {
  const hostname = hostnameOf(pod)
  const domain = domainOf(pod, clusterDomain)
  if (pod.spec.setHostnameAsFQDN !== true || domain === undefined) return hostname
  const name = `${hostname}.${domain}`
  if (name.length <= longestNodename) return name
  const limit = `(${longestNodename} characters is the max, ${name.length} characters requested)`
  const message = `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long ${limit}`
  throw new StartFailure('sandbox', 'FailedCreatePodSandBox', message)
}
