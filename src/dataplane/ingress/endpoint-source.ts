import { objectKey, type ObjectKey } from '../../api/object.ts'
import type { IngressWorld } from './compile.ts'
import { addressesOf, portOf, type Address, type PortReference } from './endpoints.ts'

/** Whose endpoints the servers of a backend are. */
export interface EndpointSource {
  readonly service: ObjectKey
  readonly port: PortReference
}

type World = Pick<IngressWorld, 'service' | 'slicesOf' | 'externalName' | 'clusterDomain' | 'isOwn'>

/** So many Services of type ExternalName may lead from one to the next. Those that lead in a circle lead nowhere. */
const longestChain = 8

/**
 * Where requests to a backend go: to endpoints, be they those of another Service of the cluster that the name of an
 * ExternalName means, or to the addresses of a name outside; but not back to this ingress.
 */
export function serversOf(world: World, source: EndpointSource): readonly Address[] {
  return targetsOf(world, source).filter((address) => !world.isOwn(address))
}

/** What is left out of these, as it leads back. */
export function loopsOf(world: World, source: EndpointSource): readonly Address[] {
  return targetsOf(world, source).filter((address) => world.isOwn(address))
}

function targetsOf(world: World, { service: key, port }: EndpointSource): readonly Address[] {
  const target = chainOf(world, key).at(-1) ?? key
  const service = world.service(target)
  if (service === undefined) return []
  // The ports of an ExternalName are a matter of form: it may have none at all.
  const number = numberOf(world, { service: key, port })
  const found = portOf(service, target === key || number === undefined ? port : { number })
  if (service.spec.type !== 'ExternalName') return found === undefined ? [] : addressesOf(found, world.slicesOf(target))
  const name = outsideNameOf(world, key)
  if (name === undefined || number === undefined) return []
  return world.externalName(name).addresses.map((address) => `${address}:${number}`)
}

/** The Services by which `serversOf` goes, the given one first: a change of any of them may change what it comes to. */
export function chainOf(world: World, first: ObjectKey): readonly ObjectKey[] {
  const chain = [first]
  for (let next = nextOf(world, first); next !== undefined && chain.length < longestChain; next = nextOf(world, next)) chain.push(next)
  return chain
}

/** The name outside of the cluster that a Service of type ExternalName leads to in the end. */
export function outsideNameOf(world: World, service: ObjectKey): string | undefined {
  const last = chainOf(world, service).at(-1) ?? service
  const { type, externalName = '' } = world.service(last)?.spec ?? {}
  return type === 'ExternalName' && clusterServiceOf(externalName, world.clusterDomain) === undefined ? externalName : undefined
}

function numberOf(world: World, { service: key, port }: EndpointSource): number | undefined {
  const service = world.service(key)
  return (service === undefined ? undefined : portOf(service, port)?.port) ?? port.number
}

function nextOf(world: World, key: ObjectKey): ObjectKey | undefined {
  const { type, externalName = '' } = world.service(key)?.spec ?? {}
  return type === 'ExternalName' ? clusterServiceOf(externalName, world.clusterDomain) : undefined
}

/** `default/web` for `web.default.svc.cluster.local`. */
function clusterServiceOf(name: string, clusterDomain: string): ObjectKey | undefined {
  const ending = `.svc.${clusterDomain}`
  const bare = name.toLowerCase().replace(/\.$/, '')
  if (!bare.endsWith(ending)) return undefined
  const [service = '', namespace = '', ...rest] = bare.slice(0, -ending.length).split('.')
  return service === '' || namespace === '' || rest.length > 0 ? undefined : objectKey(namespace, service)
}
