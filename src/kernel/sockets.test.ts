import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { listeningInodes, portHolder } from './port-holder.ts'
import { realNamespaces } from './real-namespaces.ts'
import { realProcesses } from './real-processes.ts'
import { descriptorOf, listenOnHost, PortTaken } from './sockets.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const answering = `(connection) => connection.end('from ' + require('node:os').networkInterfaces().lo)`

test('a socket of this namespace serves from another one, by descriptor', async () => {
  const server = await listenOnHost('127.0.0.1', 0)
  const { port } = server.address() as AddressInfo
  const script = `require('node:net').createServer(${answering}).listen({ fd: 3 })`
  const child = spawn('nsenter', [`--net=${await namespace()}`, process.execPath, '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', descriptorOf(server)],
  })
  await end(server, child)
  // Loopback is down over there: it is not this namespace in which the answer was made.
  expect(await answerOf(port)).toBe('from undefined')
})

test('a socket of this namespace serves from another one, by message', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sockets-'))
  undo.push(() => rm(directory, { recursive: true }))
  const file = join(directory, 'child.cjs')
  await writeFile(file, `process.on('message', (message, server) => server.on('connection', ${answering}))`)
  const child = fork(file, { execPath: 'nsenter', execArgv: [`--net=${await namespace()}`, process.execPath] })
  const server = await listenOnHost('127.0.0.1', 0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => child.send({ listener: 'api' }, server, resolve))
  await end(server, child)
  expect(await answerOf(port)).toBe('from undefined')
})

test('a taken port is refused with the name of who has it', async () => {
  const server = await listenOnHost('127.0.0.1', 0)
  undo.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const error: unknown = await listenOnHost('127.0.0.1', port).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(PortTaken)
  expect(error).toMatchObject({ port, holder: { pid: process.pid } })
  expect(String(error)).toContain(`127.0.0.1:${port} is in use by `)
  expect(String(error)).toContain(`(process ${process.pid})`)
})

test('an address that this machine does not have is refused by name', async () => {
  await expect(listenOnHost('192.0.2.250', 6443)).rejects.toThrow('cannot listen on 192.0.2.250:6443: ')
})

test('nobody holds a free port', async () => {
  const server = await listenOnHost('127.0.0.1', 0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  expect(await portHolder('127.0.0.1', port)).toBeUndefined()
  expect(() => descriptorOf(server)).toThrow('not listening')
})

describe('listening sockets in the way of 127.0.0.1:8080', () => {
  const line = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100`
  for (const { name, local, state = '0A', found } of [
    { name: 'the same address', local: '0100007F:1F90', found: ['42'] },
    { name: 'all addresses', local: '00000000:1F90', found: ['42'] },
    { name: 'all IPv6 addresses', local: `${'0'.repeat(32)}:1F90`, found: ['42'] },
    { name: 'the same address mapped to IPv6', local: '0000000000000000FFFF00000100007F:1F90', found: ['42'] },
    { name: 'another address', local: '0200007F:1F90', found: [] },
    { name: 'another port', local: '0100007F:1F91', found: [] },
    { name: 'a connection', local: '0100007F:1F90', state: '01', found: [] },
  ]) {
    test(`${found.length === 0 ? 'not ' : ''}${name}`, () => {
      const table = `  sl  local_address rem_address   st …\n${line(local, state, 42)}\n`
      expect(listeningInodes(table, '127.0.0.1', 8080)).toEqual(found)
    })
  }
})

async function namespace(): Promise<string> {
  const namespaces = realNamespaces(realProcesses)
  const name = `test-${process.pid}-sockets`
  undo.push(() => namespaces.delete(name))
  await namespaces.create(name)
  return namespaces.path(name)
}

/** Closes this side of a socket that was handed on, and sees to the end of its new owner. */
async function end(server: Server, child: ChildProcess): Promise<void> {
  undo.push(async () => {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  })
  await new Promise((resolve) => server.close(resolve))
}

async function answerOf(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let answer = ''
  for await (const piece of socket) answer += String(piece)
  return answer
}
