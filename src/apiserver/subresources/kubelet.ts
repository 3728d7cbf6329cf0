import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { badRequest, notFound, StatusError } from '../../api/errors.ts'
import { type Node, Nodes } from '../../api/kinds/node.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import { type ApiResponse, text } from '../request.ts'
import type { UpstreamTarget } from '../upstream.ts'
import type { Subresource, UpgradedSubresource } from './subresource.ts'

const isPod: Subresource['appliesTo'] = ({ kind }) =>
  kind.resource.plural === Pods.plural && kind.resource.group === Pods.group

/** `pods/NAME/log`: the one that is a plain answer. */
export const logSubresource: Subresource = {
  name: 'log',
  kind: 'Pod',
  verbs: ['get'],
  appliesTo: isPod,
  async serve(context, request) {
    const { query, signal } = request.request
    const pod = await podOf(context, request)
    const container = containerName(pod, query.get('container') ?? '')
    // Nothing can have been logged yet.
    if ((pod.spec.nodeName ?? '') === '') return text('')
    const target = await onNode(context, pod, podPath('containerLogs', pod, container), query)
    return relay(await context.kubelets.request(target, { method: 'GET', headers: {}, signal }))
  },
}

export const execSubresource: UpgradedSubresource = upgraded('exec', 'PodExecOptions', (context, pod, query) =>
  onNode(context, pod, podPath('exec', pod, containerName(pod, query.get('container') ?? '')), streamQuery(query)),
)

export const attachSubresource: UpgradedSubresource = upgraded('attach', 'PodAttachOptions', (context, pod, query) =>
  onNode(context, pod, podPath('attach', pod, containerName(pod, query.get('container') ?? '')), streamQuery(query)),
)

export const portForwardSubresource: UpgradedSubresource = upgraded(
  'portforward',
  'PodPortForwardOptions',
  (context, pod, query) => onNode(context, pod, podPath('portForward', pod), portsQuery(query)),
)

type Target = (context: ApiContext, pod: Pod, query: URLSearchParams) => Promise<UpstreamTarget>

/** A subresource that the pod's node answers, over an upgraded connection only. */
function upgraded(name: string, kind: string, target: Target): UpgradedSubresource {
  return {
    name,
    kind,
    verbs: ['create', 'get'],
    appliesTo: isPod,
    async upgrade(context, resource, asked) {
      const { method, query, signal } = resource.request
      const where = await target(context, await podOf(context, resource), query)
      return context.kubelets.upgrade(where, { method, headers: upgradeHeaders(asked.headers), signal })
    },
    serve: async () => {
      throw badRequest('Upgrade request required')
    },
  }
}

/** Everything that belongs to the upgrade, and nothing of the client's identity. */
function upgradeHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const belongs = /^(connection|upgrade|x-stream-protocol-version|sec-websocket-.*)$/
  return Object.fromEntries(Object.entries(headers).filter(([name]) => belongs.test(name)))
}

async function podOf(context: ApiContext, { kind, path }: ResourceRequest): Promise<Pod> {
  const name = path.name ?? ''
  const stored = await context.objects.get(kind.resource, path.namespace, name)
  if (stored === undefined) throw notFound(Pods, name)
  return stored.object as Pod
}

function podPath(endpoint: string, { metadata }: Pod, ...container: string[]): string {
  return `/${[endpoint, metadata.namespace, metadata.name, ...container].join('/')}`
}

/** A path of the agent on the pod's node. */
async function onNode(
  context: ApiContext,
  pod: Pod,
  path: string,
  query: URLSearchParams,
): Promise<UpstreamTarget> {
  const name = pod.spec.nodeName ?? ''
  if (name === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  return { ...(await kubeletOf(context, name)), path: query.size === 0 ? path : `${path}?${query}` }
}

/** Where a node's agent listens. Throws a 404 for a node that there is not. */
export async function kubeletOf(context: ApiContext, name: string): Promise<Omit<UpstreamTarget, 'path'>> {
  const stored = await context.objects.get(Nodes, undefined, name)
  if (stored === undefined) throw notFound(Nodes, name)
  const { status } = stored.object as Node
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (address === undefined) throw badRequest(`node ${name} has reported no InternalIP yet`)
  return { host: address, port: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250 }
}

function containerName(pod: Pod, asked: string): string {
  const { containers, initContainers = [] } = pod.spec
  const names = [...initContainers, ...containers].map(({ name }) => name)
  if (asked !== '') {
    if (names.includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`)
  }
  const [only, ...others] = containers
  if (only !== undefined && others.length === 0) return only.name
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
  )
}

/** The parameters of exec and attach under the names that a kubelet takes. */
function streamQuery(query: URLSearchParams): URLSearchParams {
  const names = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' }
  const result = new URLSearchParams()
  for (const [from, to] of Object.entries(names)) if (isSet(query.get(from))) result.set(to, '1')
  for (const word of query.getAll('command')) result.append('command', word)
  return result
}

/** The ports of a WebSocket, likewise: clients repeat or list them. */
function portsQuery(query: URLSearchParams): URLSearchParams {
  const ports = query.getAll('ports').join(',')
  return new URLSearchParams(ports === '' ? {} : { port: ports })
}

async function relay(response: IncomingMessage): Promise<ApiResponse> {
  const status = response.statusCode ?? 502
  if (status >= 400) throw await failureOf(response, status)
  return {
    ...text('', status),
    body: async (write, signal) => {
      try {
        for await (const chunk of response) await write(chunk)
      } catch (error) {
        // The client left and the connection was closed for it; anything else is the agent's failure.
        if (!signal.aborted) throw error
      }
    },
  }
}

/** An agent's refusal in the client's terms: agents answer with plain text. */
async function failureOf(response: IncomingMessage, status: number): Promise<StatusError> {
  let message = ''
  for await (const chunk of response.setEncoding('utf8')) message += chunk
  const reason = status === 404 ? 'NotFound' : status < 500 ? 'BadRequest' : 'InternalError'
  return new StatusError(status, reason, message.trim())
}

function isSet(value: string | null): boolean {
  return value === 'true' || value === '1'
}
