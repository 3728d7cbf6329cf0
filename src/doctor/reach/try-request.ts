import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Request, RequestAnswer } from './questions.ts'

/** As much of a body says who answered. */
const maxBody = 300

/** Asks for what a rule of an Ingress serves. Whatever certificate is shown is taken, and told. */
export function tryRequest(request: Request, timeoutMs: number): Promise<RequestAnswer> {
  const { scheme, address, port, host, path } = request
  const headers = { host, 'user-agent': 'portolan-doctor', connection: 'close' }
  const options = { host: address, port, path, headers, agent: false, timeout: timeoutMs }
  return new Promise((resolve) => {
    let isConnected = false
    const end = (answer: Omit<RequestAnswer, keyof Request | 'isConnected'>) => {
      sent.destroy()
      resolve({ ...request, ...answer, isConnected })
    }
    const onResponse = (response: http.IncomingMessage) => {
      const shown = response.socket instanceof TLSSocket ? response.socket.getPeerX509Certificate()?.fingerprint256 : undefined
      const fingerprint = shown === undefined ? {} : { fingerprint: shown }
      let body = ''
      const finish = () => end({ status: response.statusCode ?? 0, body: body.slice(0, maxBody), ...fingerprint })
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        body += piece
        if (body.length >= maxBody) finish()
      })
      response.once('end', finish)
      response.once('error', finish)
    }
    const sent = scheme === 'http'
      ? http.get(options, onResponse)
      : https.get({ ...options, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) }, onResponse)
    sent.once('socket', (socket) => socket.once('connect', () => (isConnected = true)))
    sent.once('timeout', () => end({ error: isConnected ? 'no answer in time' : 'ETIMEDOUT' }))
    sent.once('error', (error: NodeJS.ErrnoException) => end({ error: error.code ?? error.message }))
  })
}
