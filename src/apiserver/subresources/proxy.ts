import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { badRequest } from '../../api/errors.ts'
import { Nodes } from '../../api/kinds/node.ts'
import { Pods } from '../../api/kinds/pod.ts'
import { Services } from '../../api/kinds/service.ts'
import type { Resource } from '../../api/resource.ts'
import type { ApiResponse, Pump } from '../request.ts'
import { hostOf, requestHeaders, responseHeaders, upgradeHeaders } from './proxy-headers.ts'
import { htmlLinks } from './proxy-html.ts'
import { type LinkSpace, rewriteLink } from './proxy-links.ts'
import { type FindLocation, nodeLocation, podLocation, serviceLocation } from './proxy-location.ts'
import type { UpgradedSubresource } from './subresource.ts'

/**
 * `pods/ID/proxy/PATH` and the same for services and nodes: any request, passed on with its body to what `ID` names,
 * and the answer back (k8s.io/apimachinery/pkg/util/proxy `UpgradeAwareHandler`).
 */
export const proxySubresources: readonly UpgradedSubresource[] = [
  proxy(Pods, 'PodProxyOptions', podLocation),
  proxy(Services, 'ServiceProxyOptions', serviceLocation),
  proxy(Nodes, 'NodeProxyOptions', nodeLocation),
]

function proxy(resource: Resource, kind: string, findLocation: FindLocation): UpgradedSubresource {
  return {
    name: 'proxy',
    kind,
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
    appliesTo: (served) => served.kind.resource.plural === resource.plural && served.kind.resource.group === resource.group,
    async serve(context, { request, path }) {
      const { raw, method, signal } = request
      if (raw === undefined) throw badRequest('a proxy passes HTTP requests on, and this did not come as one')
      const { prefix, rest, query } = splitUrl(raw.url, resource)
      const { upstream, target } = await findLocation(context, path.namespace ?? '', path.name ?? '')
      if (rest === '' && (method === 'GET' || method === 'HEAD')) return movedTo(`${prefix}/${query}`)
      const headers = requestHeaders(raw, prefix + rest)
      const asked = { method, headers, signal, ...(raw.body !== undefined && { body: raw.body }) }
      const answer = await upstream.request({ ...target, path: (rest || '/') + query }, asked)
      const backendHost = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
      return passBack(method, answer, { prefix, backendHost, clientHost: hostOf(raw.headers) })
    },
    async upgrade(context, { request, path }, asked) {
      const { rest, query } = splitUrl(asked.url, resource)
      const { upstream, target } = await findLocation(context, path.namespace ?? '', path.name ?? '')
      const { method, signal } = request
      return upstream.upgrade({ ...target, path: (rest || '/') + query }, { method, headers: upgradeHeaders(asked), signal })
    },
  }
}

/** The path up to the proxy, what follows it, and the query with its mark: each as it came, in the client's encoding. */
function splitUrl(url: string, { namespaced }: Resource): { prefix: string; rest: string; query: string } {
  const [path = ''] = url.split('?', 1)
  // /api/v1/namespaces/NAMESPACE/pods/ID/proxy, /api/v1/nodes/ID/proxy
  const prefix = path.split('/', namespaced ? 8 : 6).join('/')
  return { prefix, rest: path.slice(prefix.length), query: url.slice(path.length) }
}

/** Without a slash at its end, relative links of the page would lead out of the proxy. */
function movedTo(location: string): ApiResponse {
  return { status: 301, contentType: '', headers: { location }, body: '' }
}

function passBack(method: string, answer: IncomingMessage, links: LinkSpace): ApiResponse {
  const { statusCode: status = 502, headers } = answer
  const rewrite = (link: string) => rewriteLink(link, links)
  if (headers.location !== undefined) {
    return { status, contentType: '', headers: { ...responseHeaders(headers), location: rewrite(headers.location) }, body: pump(answer) }
  }
  const page = method === 'HEAD' ? undefined : readablePage(answer)
  if (page === undefined) return { status, contentType: typeOfNameless(status, headers), headers: responseHeaders(headers), body: pump(answer) }
  const { 'content-length': _length, 'content-encoding': _encoding, ...others } = responseHeaders(headers)
  return { status, contentType: '', headers: others, body: pump(joined(page, htmlLinks(rewrite))) }
}

/** Upstream's server names the type of a body whose sender has not; client libraries read none without. '' adds nothing. */
function typeOfNameless(status: number, headers: IncomingMessage['headers']): string {
  const hasBody = status !== 204 && status !== 304 && headers['content-length'] !== '0'
  return hasBody && headers['content-type'] === undefined ? 'text/plain; charset=utf-8' : ''
}

/** The text of an HTML page; undefined if the answer is none, or one in an encoding that is not known. */
function readablePage(answer: IncomingMessage): Readable | undefined {
  const type = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'text/html') return undefined
  switch (answer.headers['content-encoding']) {
    case undefined:
      return answer
    case 'gzip':
      return joined(answer, createGunzip())
    case 'deflate':
      return joined(answer, createInflate())
    case 'br':
      return joined(answer, createBrotliDecompress())
    default:
      return undefined
  }
}

/** What comes out of a stage; a failure of either fails it. */
function joined(source: Readable, stage: Transform): Readable {
  // The failure is for who reads the stage.
  return pipeline(source, stage, () => {})
}

function pump(body: Readable): Pump {
  return async (write) => {
    for await (const chunk of body) await write(chunk)
  }
}
