/** Programs of pods, for `node -e`. They are texts: what runs in a pod is not what runs the tests. */

/**
 * A server at each argument, such as `http:8080` or `udp:8081`. Whoever asks is told in JSON who answered at which port and,
 * over HTTP, what was asked: see {@link Answer}.
 */
export const server = `
const { createServer } = require('node:http')
const { createSocket } = require('node:dgram')
const name = require('node:os').hostname()
for (const argument of process.argv.slice(1)) {
  const [protocol, digits] = argument.split(':')
  const port = Number(digits)
  if (protocol === 'udp') {
    const socket = createSocket('udp4')
    socket.on('message', (message, from) => socket.send(JSON.stringify({ name, port }), from.port, from.address))
    socket.bind(port)
  } else {
    createServer(({ method, url }, response) => response.end(JSON.stringify({ name, port, method, url }))).listen(port)
  }
}`

export interface Answer {
  readonly name: string
  readonly port: number
  readonly method?: string
  readonly url?: string
}

/**
 * Asks `PROTOCOL HOST PORT COUNT` times, each time anew, and prints the answers as a JSON list. One that has failed is the
 * code of its error, one that did not come within two seconds is "ETIMEDOUT".
 */
export const asker = `
const [protocol, host, port, count] = process.argv.slice(1)
const patienceMs = 2_000
const byHttp = () => new Promise((done) => {
  const request = require('node:http').get({ host, port, agent: false, timeout: patienceMs }, async (response) => {
    let text = ''
    for await (const part of response) text += part
    done(JSON.parse(text))
  })
  request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
  request.on('error', ({ code }) => done(code))
})
const byDatagram = () => new Promise((done) => {
  const socket = require('node:dgram').createSocket('udp4')
  const end = (answer) => { clearTimeout(timer); socket.close(); done(answer) }
  const timer = setTimeout(() => end('ETIMEDOUT'), patienceMs)
  socket.on('message', (message) => end(JSON.parse(message)))
  socket.on('error', ({ code }) => end(code))
  socket.connect(Number(port), host, (error) => error ? end(error.code) : socket.send('?'))
})
const all = async () => {
  const answers = []
  for (let i = 0; i < Number(count); i += 1) answers.push(await (protocol === 'udp' ? byDatagram() : byHttp()))
  console.log(JSON.stringify(answers))
}
all()`
