import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface HttpGet {
  readonly host: string
  readonly port: number
  readonly path?: string
  readonly scheme?: string
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
  readonly timeoutSeconds: number
}

export interface ProbeOutcome {
  readonly ok: boolean
  /** What went wrong; '' if nothing did. */
  readonly message: string
}

/** Success is any status from 200 to 399. Certificates are not verified, as by upstream, and redirects not followed. */
export function httpGet(target: HttpGet): Promise<ProbeOutcome> {
  const { host, port, path = '/', httpHeaders = [], timeoutSeconds } = target
  const secure = target.scheme === 'HTTPS'
  const url = `${secure ? 'https' : 'http'}://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`
  const given = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]))
  const headers = { 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close', ...given }
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000)
  return new Promise((resolve) => {
    const fail = (why: string) => resolve({ ok: false, message: `Get "${url}": ${why}` })
    const options = { headers, signal: timeout, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) }
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const { statusCode = 0 } = response
      // The body is of no interest: leaving the connection also ends endless ones.
      response.destroy()
      if (statusCode >= 200 && statusCode < 400) resolve({ ok: true, message: '' })
      else resolve({ ok: false, message: `HTTP probe failed with statuscode: ${statusCode}` })
    })
    request.on('error', (error) => fail(timeout.aborted ? 'context deadline exceeded' : error.message))
    request.end()
  })
}
