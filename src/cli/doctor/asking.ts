import type { Pod } from '../../api/kinds/pod.ts'
import { isReady } from '../../api/no-endpoints/backing-pods.ts'
import type { Asked, Client } from '../../doctor/asking/asked.ts'
import type { Objects } from '../../doctor/gather/objects.ts'
import { UserError } from '../context.ts'

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** What a client asks for; undefined for what is no URL. Throws `UserError` for one that cannot be. */
export function askedOf(text: string): Asked | undefined {
  const [, scheme, host, portText, rest = ''] = /^([^/]*):\/\/(\[[^\]]*\]|[^/:?#]*)(?::([^/?#]*))?(.*)$/.exec(text) ?? []
  if (scheme === undefined || host === undefined) return undefined
  if (!isScheme(scheme)) throw new UserError(`${JSON.stringify(text)} begins with ${scheme}://, which is not known: begin with http://, https://, tcp://, udp:// or ping://`)
  if (host.startsWith('[')) throw new UserError(`${JSON.stringify(text)} has an IPv6 address, which clusters here do not have: give a name or an IPv4 address, as in ${scheme}://kubia:80`)
  if (host === '' || rest.includes(' ')) throw new UserError(`${JSON.stringify(text)} has no host: give a name or an IPv4 address, as in ${scheme}://kubia:80`)
  if (scheme === 'ping') return { scheme, host, port: 0 }
  const port = portText === undefined ? (defaultPorts[scheme] ?? 0) : Number(portText)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return { scheme, host, port }
  throw new UserError(`${JSON.stringify(text)} has no port from 1 to 65535: give one, as in ${scheme}://${host}:80`)
}

function isScheme(text: string): text is Asked['scheme'] {
  return ['http', 'https', 'tcp', 'udp', 'ping'].includes(text)
}

/** Who asks; by default any pod of the namespace. The result throws `UserError` if that is not there. */
export function clientOf(from: string | undefined, namespace: string): (objects: Objects) => Client {
  if (from === 'outside') return () => ({ kind: 'outside' })
  if (from === 'here') return () => ({ kind: 'machine' })
  const [, kind, name = ''] = /^(pod|po|node|no)\/(.+)$/.exec(from ?? '') ?? []
  if (from !== undefined && kind === undefined) {
    throw new UserError(`--from ${JSON.stringify(from)} is no place: give pod/NAME, node/NAME, outside, or here for this machine`)
  }
  if (kind?.startsWith('n') === true) {
    return ({ nodes }) => {
      if (nodes.some(({ metadata }) => metadata.name === name)) return { kind: 'node', name }
      throw new UserError(`there is no node ${name}: there are ${nodes.map(({ metadata }) => metadata.name).join(', ')}`)
    }
  }
  return ({ pods }) => ({ kind: 'pod', pod: podOf(pods, { name, namespace }) })
}

function podOf(pods: readonly Pod[], { name, namespace }: { name: string; namespace: string }): Pod {
  const own = pods.filter(({ metadata }) => metadata.namespace === namespace)
  const pod = name === '' ? own.find((each) => isReady(each) && each.spec.hostNetwork !== true) : own.find(({ metadata }) => metadata.name === name)
  if (pod !== undefined) return pod
  if (name === '') throw new UserError(`there is no ready pod in namespace ${namespace} to ask from: give -n NAMESPACE, or --from pod/NAME, node/NAME, outside or here`)
  throw new UserError(`there is no pod ${name} in namespace ${namespace}: see kubectl get pods -A, and give -n NAMESPACE`)
}
