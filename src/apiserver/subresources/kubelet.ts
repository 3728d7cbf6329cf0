import { badRequest, notFound } from '../../api/errors.ts'
import { type Node, Nodes } from '../../api/kinds/node.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import type { KubeletTarget } from '../kubelets.ts'
import type { ApiContext, ResourceRequest } from '../context.ts'
import type { Subresource } from './subresource.ts'

/** A subresource that the pod's node answers: `target` is where to, for a given request. */
export interface KubeletSubresource extends Subresource {
  target(context: ApiContext, request: ResourceRequest): Promise<KubeletTarget>
}

const isPod: Subresource['appliesTo'] = ({ kind }) =>
  kind.resource.plural === Pods.plural && kind.resource.group === Pods.group

/** `pods/NAME/log`: the one that is a plain answer. */
export const logSubresource: Subresource = {
  name: 'log',
  kind: 'Pod',
  verbs: ['get'],
  appliesTo: isPod,
  async serve(context, request) {
    const target = await containerTarget(context, request, 'containerLogs', request.request.query)
    return context.kubelets.get(target, request.request.signal)
  },
}

export const execSubresource: KubeletSubresource = upgraded('exec', 'PodExecOptions', (context, request) =>
  containerTarget(context, request, 'exec', streamQuery(request.request.query)),
)

export const attachSubresource: KubeletSubresource = upgraded('attach', 'PodAttachOptions', (context, request) =>
  containerTarget(context, request, 'attach', streamQuery(request.request.query)),
)

export const portForwardSubresource: KubeletSubresource = upgraded(
  'portforward',
  'PodPortForwardOptions',
  async (context, request) => {
    const pod = await podOf(context, request)
    const path = `/portForward/${pod.metadata.namespace}/${pod.metadata.name}`
    return { ...(await nodeOf(context, pod)), path: withQuery(path, request.request.query) }
  },
)

/** Whether a subresource upgrades its connection, and so is served by `streaming.ts`. */
export function isKubeletSubresource(subresource: Subresource): subresource is KubeletSubresource {
  return 'target' in subresource
}

function upgraded(name: string, kind: string, target: KubeletSubresource['target']): KubeletSubresource {
  return {
    name,
    kind,
    verbs: ['create', 'get'],
    appliesTo: isPod,
    target,
    serve: async () => {
      throw badRequest('Upgrade request required')
    },
  }
}

async function containerTarget(
  context: ApiContext,
  request: ResourceRequest,
  endpoint: string,
  query: URLSearchParams,
): Promise<KubeletTarget> {
  const pod = await podOf(context, request)
  const container = containerName(pod, request.request.query.get('container') ?? '')
  const path = `/${endpoint}/${pod.metadata.namespace}/${pod.metadata.name}/${container}`
  return { ...(await nodeOf(context, pod)), path: withQuery(path, query) }
}

async function podOf(context: ApiContext, { kind, path }: ResourceRequest): Promise<Pod> {
  const name = path.name ?? ''
  const stored = await context.objects.get(kind.resource, path.namespace, name)
  if (stored === undefined) throw notFound(Pods, name)
  return stored.object as Pod
}

async function nodeOf(context: ApiContext, pod: Pod): Promise<Omit<KubeletTarget, 'path'>> {
  const name = pod.spec.nodeName ?? ''
  if (name === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  const stored = await context.objects.get(Nodes, undefined, name)
  if (stored === undefined) throw notFound(Nodes, name)
  const node = stored.object as Node
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
  if (address === undefined) throw badRequest(`node ${name} has reported no InternalIP yet`)
  return { host: address, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250 }
}

function containerName(pod: Pod, asked: string): string {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ name }) => name)
  if (asked !== '') {
    if (containers.includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`)
  }
  const [only, ...others] = pod.spec.containers
  const marked = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? ''
  if (containers.includes(marked)) return marked
  if (only !== undefined && others.length === 0) return only.name
  const choice = pod.spec.containers.map(({ name }) => name).join(' ')
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${choice}]`)
}

/** The parameters of exec and attach under the names that a kubelet takes. */
function streamQuery(query: URLSearchParams): URLSearchParams {
  const names = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' }
  const result = new URLSearchParams()
  for (const [from, to] of Object.entries(names)) if (isSet(query.get(from))) result.set(to, '1')
  for (const word of query.getAll('command')) result.append('command', word)
  return result
}

function isSet(value: string | null): boolean {
  return value === 'true' || value === '1'
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}
