/**
 * A program for `node -e` that says which pod it is in, on port 8080. On SIGTERM it closes its listener, and nothing else: who
 * is connected is answered, and told to come no more. `further` is run before it listens, with `server` at hand.
 */
export function rolloutApp(further = ''): string {
  return `
const http = require('http'), net = require('net'), os = require('os')
let closing = false
const server = http.createServer((request, response) => {
  if (closing) response.setHeader('Connection', 'close')
  response.end("You've hit " + os.hostname() + '\\n')
})
server.keepAliveTimeout = 60000
${further}process.on('SIGTERM', () => {
  closing = true
  net.Server.prototype.close.call(server)
})
server.listen(8080)
`
}
