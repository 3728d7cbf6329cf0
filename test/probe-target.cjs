/**
 * A server for probes and hooks to ask. HTTP on 8081: a path that is a number is the status, /moved leads elsewhere,
 * /hang is never answered, /header wants `X-Probe: yes`; what is asked is written to the file REQUESTS. HTTPS on 8443
 * with the pair CERT and KEY. gRPC health on 9090: the service `web` serves, `down` does not. UDP on 9053: echo.
 */
const { appendFileSync } = require('node:fs')
const { REQUESTS, CERT, KEY } = process.env

require('node:http')
  .createServer((request, response) => {
    const { url, headers } = request
    if (REQUESTS !== undefined) appendFileSync(REQUESTS, `${url} ${headers['user-agent']}\n`)
    if (url === '/hang') return
    const moved = url === '/moved' ? { location: 'http://elsewhere.example/' } : {}
    const status = url === '/header' ? (headers['x-probe'] === 'yes' ? 200 : 400) : url === '/moved' ? 302 : Number(url.slice(1)) || 200
    response.writeHead(status, moved).end('body')
  })
  .listen(8081)

if (CERT !== undefined) {
  require('node:https').createServer({ cert: CERT, key: KEY }, (_request, response) => response.end()).listen(8443)
}

const grpc = require('node:http2').createServer()
grpc.on('stream', (stream) => {
  const received = []
  stream.on('data', (chunk) => received.push(chunk))
  stream.on('end', () => {
    // Five bytes of head, one of tag, one of length.
    const service = Buffer.concat(received).subarray(7).toString()
    const known = { '': 1, web: 1, down: 2 }[service]
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': known === undefined ? '5' : '0' }))
    if (known !== undefined) stream.write(Buffer.from([0, 0, 0, 0, 2, 8, known]))
    stream.end()
  })
})
grpc.listen(9090)

const udp = require('node:dgram').createSocket('udp4')
udp.on('message', (message, { address, port }) => udp.send(message, port, address)).bind(9053)

process.on('SIGTERM', () => process.exit(0))
