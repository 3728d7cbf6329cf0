/**
 * The web server of `luksa/kubia`: answers with the name of the pod that was hit. As process 1 it would ignore
 * SIGTERM, so it handles it: no new connections, answers what is under way, ends.
 */
export const kubiaApp = `const http = require('http')
const os = require('os')

let closing = false

const server = http.createServer((request, response) => {
  console.log('Received request from ' + request.socket.remoteAddress)
  if (closing) response.setHeader('Connection', 'close')
  response.writeHead(200)
  response.end("You've hit " + os.hostname() + '\\n')
})

process.on('SIGTERM', () => {
  closing = true
  server.close()
})

console.log('Kubia server starting...')
server.listen(8080)
`
