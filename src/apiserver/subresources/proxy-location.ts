import { BlockList, isIP, isIPv6 } from 'node:net'
import { badRequest, notFound, serviceUnavailable } from '../../api/errors.ts'
import { type EndpointAddress, type Endpoints, EndpointsResource } from '../../api/kinds/endpoints.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { type Service, Services } from '../../api/kinds/service.ts'
import type { ApiContext } from '../context.ts'
import type { Upstream, UpstreamTarget } from '../upstream.ts'
import { kubeletOf } from './kubelet.ts'

/** Where a proxy leads, and over what. */
export interface ProxyLocation {
  readonly upstream: Upstream
  readonly target: Required<Omit<UpstreamTarget, 'path'>>
}

/** Finds the location of `id` in a namespace; `id` is `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. Throws `StatusError`. */
export type FindLocation = (context: ApiContext, namespace: string, id: string) => Promise<ProxyLocation>

/** A pod's first port unless one is named, as k8s.io/kubernetes/pkg/registry/core/pod `ResourceLocation`. */
export const podLocation: FindLocation = async (context, namespace, id) => {
  const { scheme, name, port } = parseId(id, 'pod')
  const pod = await find<Pod>(context, Pods, namespace, name)
  const host = pod.status?.podIPs?.[0]?.ip ?? ''
  if (!isProxyable(host)) throw badRequest('address not allowed')
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort
  const number = port === '' ? (declared ?? defaultPort(scheme)) : portNumber(port)
  if (number === undefined) throw badRequest(`invalid pod request ${JSON.stringify(id)}`)
  return { upstream: context.backends, target: { scheme, host, port: number } }
}

/**
 * A ready endpoint of a service, chosen at random. As upstream, only pods are gone to: an address written by hand could
 * lead anywhere that the server can reach.
 */
export const serviceLocation: FindLocation = async (context, namespace, id) => {
  const { scheme, name, port } = parseId(id, 'service')
  const service = await find<Service>(context, Services, namespace, name)
  const portName = servicePortName(service, port)
  const stored = await context.objects.get(EndpointsResource, namespace, name)
  const { subsets = [] } = (stored?.object ?? {}) as Partial<Endpoints>
  const choices = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const found = ports.find((candidate) => (candidate.name ?? '') === portName)
    return found === undefined ? [] : addresses.map((address) => ({ address, port: found.port }))
  })
  while (choices.length > 0) {
    const [choice] = choices.splice(Math.floor(context.random() * choices.length), 1)
    if (choice === undefined || !(await isOfItsPod(context, choice.address))) continue
    return { upstream: context.backends, target: { scheme, host: choice.address.ip, port: choice.port } }
  }
  throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`)
}

/** A node's agent, or with another port whatever listens there. */
export const nodeLocation: FindLocation = async (context, _namespace, id) => {
  const { scheme, name, port } = parseId(id, 'node')
  const kubelet = await kubeletOf(context, name)
  if (port === '' || port === String(kubelet.port)) {
    return { upstream: context.kubelets, target: { ...kubelet, scheme: 'https' } }
  }
  const number = portNumber(port)
  if (number === undefined) throw badRequest(`invalid node request ${JSON.stringify(id)}`)
  if (!isProxyable(kubelet.host)) throw badRequest('address not allowed')
  return { upstream: context.backends, target: { scheme, host: kubelet.host, port: number } }
}

interface ProxyId {
  readonly scheme: 'http' | 'https'
  readonly name: string
  /** '' if none is given. */
  readonly port: string
}

/** As k8s.io/apimachinery/pkg/util/net `SplitSchemeNamePort`. */
function parseId(id: string, noun: string): ProxyId {
  const parts = id.split(':')
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) {
    throw badRequest(`invalid ${noun} request ${JSON.stringify(id)}`)
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port }
}

function defaultPort(scheme: ProxyId['scheme']): number {
  return scheme === 'https' ? 443 : 80
}

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= 65535 ? number : undefined
}

/** Ports of Endpoints go by name: a service port given as a number is looked up for its own. */
function servicePortName({ metadata, spec }: Service, port: string): string {
  if (!/^[+-]?\d+$/.test(port)) return port
  const declared = spec.ports?.find((candidate) => candidate.port === Number(port))
  if (declared !== undefined) return declared.name ?? ''
  throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(metadata.name)}`)
}

async function isOfItsPod(context: ApiContext, { ip, targetRef }: EndpointAddress): Promise<boolean> {
  if (targetRef?.kind !== 'Pod' || !isProxyable(ip)) return false
  const stored = await context.objects.get(Pods, targetRef.namespace, targetRef.name ?? '')
  const pod = stored?.object as Pod | undefined
  return pod?.status?.podIPs?.some((podIP) => podIP.ip === ip) === true
}

async function find<T>(context: ApiContext, resource: typeof Pods | typeof Services, namespace: string, name: string): Promise<T> {
  const stored = await context.objects.get(resource, namespace, name)
  if (stored === undefined) throw notFound(resource, name)
  return stored.object as T
}

/** Addresses that mean the server's own machine or none in particular are nobody's to name. */
const special = new BlockList()
special.addAddress('0.0.0.0')
special.addSubnet('127.0.0.0', 8)
special.addSubnet('169.254.0.0', 16)
special.addSubnet('224.0.0.0', 4)
special.addAddress('255.255.255.255')
special.addSubnet('::', 127, 'ipv6')
special.addSubnet('fe80::', 10, 'ipv6')
special.addSubnet('ff00::', 8, 'ipv6')

function isProxyable(address: string): boolean {
  return isIP(address) !== 0 && !special.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
