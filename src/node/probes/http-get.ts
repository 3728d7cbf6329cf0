import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { describeNetworkError, joinHostPort } from './network-error.ts'

export interface HttpGet {
  readonly host: string
  readonly port: number
  readonly path?: string
  readonly scheme?: string
  readonly httpHeaders?: readonly HttpHeader[]
  /** For everything, redirects included; 0 is no limit. */
  readonly timeoutSeconds: number
  readonly userAgent: string
}

export interface HttpHeader {
  readonly name: string
  readonly value: string
}

export interface HttpAnswer {
  readonly status: number
  /** The beginning of the body of a redirect that was not followed; '' for every other answer. */
  readonly body: string
}

/** No answer came. The message has the form of Go's: `Get "http://…": …`. */
export class HttpGetFailed extends Error {
  override readonly name = 'HttpGetFailed'
}

const mostRedirects = 10
const longestBody = 10 * 1024
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Asks once, as upstream's probes and hooks do: certificates are not verified, and redirects are followed as long as
 * they stay on the host. Throws `HttpGetFailed`.
 */
export async function httpGet(target: HttpGet): Promise<HttpAnswer> {
  const signal = target.timeoutSeconds === 0 ? undefined : AbortSignal.timeout(target.timeoutSeconds * 1000)
  const headers = headersOf(target)
  let address = addressOf(target)
  for (let followed = 0; ; followed += 1) {
    const answer = await ask(address, headers, signal)
    const next = answer.location === undefined ? undefined : URL.parse(answer.location, address)
    if (next === undefined || next === null || next.hostname !== new URL(address).hostname) return answer
    if (followed === mostRedirects - 1) throw new HttpGetFailed(`Get "${next.href}": stopped after ${mostRedirects} redirects`)
    address = next.href
  }
}

function addressOf({ scheme = 'HTTP', host, port, path = '/' }: HttpGet): string {
  const slashed = path.startsWith('/') ? path : `/${path}`
  return `${scheme.toLowerCase()}://${joinHostPort(host, port)}${slashed}`
}

/** Several headers of one name are all sent; an `Accept` that is empty is not. */
function headersOf({ httpHeaders = [], userAgent }: HttpGet): OutgoingHttpHeaders {
  const given = Map.groupBy(httpHeaders, ({ name }) => name.toLowerCase())
  const values = [...given].map(([name, headers]) => [name, headers.map(({ value }) => value)] as const)
  const headers: OutgoingHttpHeaders = { 'user-agent': userAgent, accept: '*/*', ...Object.fromEntries(values) }
  if (given.has('accept') && given.get('accept')?.[0]?.value === '') delete headers['accept']
  const [host] = given.get('host') ?? []
  return { ...headers, ...(host === undefined ? {} : { host: host.value }), connection: 'close' }
}

interface Hop extends HttpAnswer {
  /** Where a redirect leads. */
  readonly location: string | undefined
}

function ask(address: string, headers: OutgoingHttpHeaders, signal: AbortSignal | undefined): Promise<Hop> {
  const request = address.startsWith('https:') ? httpsRequest : httpRequest
  const options = { headers, agent: false, rejectUnauthorized: false, ...(signal === undefined ? {} : { signal }) }
  return new Promise<Hop>((resolve, reject) => {
    request(address, options, (response) => void hopOf(response).then(resolve, reject))
      .on('error', reject)
      .end()
  }).catch((error: unknown) => {
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    const why = signal?.aborted === true ? late : describeNetworkError(error, URL.parse(address)?.host ?? address)
    throw new HttpGetFailed(`Get "${address}": ${why}`)
  })
}

/** Leaving the connection ends also a body that never would. */
async function hopOf(response: IncomingMessage): Promise<Hop> {
  const { statusCode: status = 0 } = response
  const isRedirect = status >= 300 && status < 400
  const body = isRedirect ? await beginningOf(response) : ''
  response.destroy()
  return { status, body, location: redirects.has(status) ? response.headers.location : undefined }
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= longestBody) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, longestBody)
}
