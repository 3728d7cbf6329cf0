import { isIP } from 'node:net'
import type { Node } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import type { Service } from '../../api/kinds/service.ts'
import { namespaceOf, type Askable, type Asked, type Client } from './asked.ts'

/** Whom the host of an attempt belongs to. */
export type Addressee =
  | { readonly what: 'service'; readonly service: Service; readonly by: 'name' | 'cluster-ip' | 'outer-address' }
  | { readonly what: 'node'; readonly node: Node }
  | { readonly what: 'pod'; readonly pod: Pod }
  | { readonly what: 'loopback' }
  | { readonly what: 'ingress-address' }
  | { readonly what: 'unknown-name' }
  | { readonly what: 'unknown-address' }

export function addresseeOf({ host }: Asked, client: Client, there: Askable): Addressee {
  if (isIP(host) === 0 && host !== 'localhost') {
    const service = serviceNamed(host, namespaceOf(client), there)
    return service === undefined ? { what: 'unknown-name' } : { what: 'service', service, by: 'name' }
  }
  if (host === 'localhost' || host.startsWith('127.') || host === '::1') return { what: 'loopback' }
  if (host === there.surroundings.ingressAddress) return { what: 'ingress-address' }
  const byClusterIP = there.services.find(({ spec }) => spec.clusterIP === host)
  if (byClusterIP !== undefined) return { what: 'service', service: byClusterIP, by: 'cluster-ip' }
  const byOuter = there.services.find((service) => outerAddresses(service).includes(host))
  if (byOuter !== undefined) return { what: 'service', service: byOuter, by: 'outer-address' }
  const node = there.nodes.find(({ status }) => status?.addresses?.some(({ address }) => address === host) === true)
  if (node !== undefined) return { what: 'node', node }
  const pod = there.pods.find(({ spec, status }) => status?.podIP === host && spec.hostNetwork !== true)
  return pod === undefined ? { what: 'unknown-address' } : { what: 'pod', pod }
}

/** As a pod of the namespace would find it, by the search list of its resolv.conf. */
export function serviceNamed(host: string, namespace: string, { services, surroundings }: Pick<Askable, 'services' | 'surroundings'>): Service | undefined {
  const { name, namespace: named = namespace } = partsOf(host, surroundings.domain)
  return services.find(({ metadata }) => metadata.name === name && metadata.namespace === named)
}

/** `kubia`, `kubia.shop`, `kubia.shop.svc`, `kubia.shop.svc.cluster.local`. Other names have none. */
export function partsOf(host: string, domain: string): { readonly name?: string; readonly namespace?: string } {
  const bare = host.toLowerCase().replace(/\.$/, '')
  const short = bare.endsWith(`.svc.${domain}`) ? bare.slice(0, -`.svc.${domain}`.length) : bare.replace(/\.svc$/, '')
  const [name = '', namespace, ...others] = short.split('.')
  return others.length > 0 ? {} : { name, ...(namespace === undefined ? {} : { namespace }) }
}

/** Of load balancers, and those that somebody else leads here. */
export function outerAddresses({ spec, status }: Service): readonly string[] {
  return [...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []), ...(spec.externalIPs ?? [])]
}
