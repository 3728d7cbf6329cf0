import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { authorityHash } from '../base/authority-hash.ts'
import { throwawayPki } from '../base/throwaway-pki.ts'
import { FakeProcesses } from '../kernel/fake-processes.ts'
import { agentCommand, type JoinRequest } from './agent.ts'
import { type CliContext, UserError } from './context.ts'
import { testContext } from './test-context.ts'

const server = 'https://192.168.99.1:6443'
const hash = `sha256:${'0a'.repeat(32)}`
let folder: string
let caFile: string
let ca: string
/** What was asked of the runner, in order. */
let deeds: string[]
let request: JoinRequest | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-agent-'))
  caFile = join(folder, 'ca.crt')
  ca = (await throwawayPki()).ca
  await writeFile(caFile, ca)
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  deeds = []
  request = undefined
})

function context(): CliContext {
  return testContext({
    environment: { PORTOLAN_HOME: '/home' },
    processes: new FakeProcesses(() => ({})),
    images: { build: async (home) => void deeds.push(`images in ${home}`), load: async () => [], list: async () => [] },
    agent: {
      join: async (given) => {
        request = given
        deeds.push('join')
      },
      run: async ({ node, state, home }) => {
        deeds.push(`run ${node} ${state} ${home}`)
        return 0
      },
      cleanUp: async ({ node, state }) => void deeds.push(`clean up ${node} ${state}`),
    },
    say: (line) => void deeds.push(line),
  })
}

const run = (...words: readonly string[]) => agentCommand(context()).parseAsync(words, { from: 'user' })

test('joins, then runs', async () => {
  await run('--server', `${server}/`, '--token', 'abcdef.0123456789abcdef', '--ca-hash', hash.toUpperCase().replace('SHA', 'sha'), '--node', 'a', '--node-ip', '192.168.99.20')
  expect(request).toEqual({ server, token: 'abcdef.0123456789abcdef', caHash: hash, node: 'a', state: '/home/agents/a', home: '/home', address: '192.168.99.20' })
  // What packages the machine lacks is another test's.
  expect(deeds.slice(-3)).toEqual(['images in /home', 'join', 'run a /home/agents/a /home'])
})

test('takes the authority from a file, and its own folder', async () => {
  await run('--server', server, '--ca-file', caFile, '--node', 'a', '--state', '/srv/node')
  expect(request).toEqual({ server, ca, caHash: authorityHash(ca), node: 'a', state: '/srv/node', home: '/home' })
})

test('ends what is there', async () => {
  await run('--cleanup', '--node', 'a')
  expect(deeds).toEqual(['clean up a /home/agents/a', 'nothing is left of a here; kubectl delete node a has the cluster forget it'])
})

const good = ['--server', server, '--node', 'a']

for (const { name, words, message } of [
  { name: 'no name', words: ['--server', server], message: 'give --node NAME, the name of the node that this machine becomes' },
  { name: 'no server', words: ['--node', 'a'], message: 'give --server URL, the API in the node network, such as https://192.168.99.1:6443' },
  { name: 'a name that can be none', words: ['--server', server, '--node', 'A'], message: /^--node "A" cannot be the name of a node: a lowercase RFC 1123 subdomain/ },
  { name: 'a server without TLS', words: ['--server', 'http://x:1', '--node', 'a'], message: '--server http://x:1 is no address of an API: give https://ADDRESS:PORT, such as https://192.168.99.1:6443' },
  { name: 'half a token', words: [...good, '--token', 'abcdef'], message: /^--token is none: it is ID\.SECRET/ },
  { name: 'half a hash', words: [...good, '--ca-hash', 'sha256:00'], message: '--ca-hash sha256:00 is none: it is sha256: and 64 hexadecimal digits' },
  { name: 'hash and file', words: [...good, '--ca-hash', hash, '--ca-file', 'x'], message: 'give --ca-hash or --ca-file, not both' },
  { name: 'a file that is not there', words: [...good, '--ca-file', '/nowhere'], message: "--ca-file /nowhere holds no certificate: ENOENT: no such file or directory, open '/nowhere'" },
  { name: 'an address that is none', words: [...good, '--node-ip', 'fd00::1'], message: '--node-ip fd00::1 is not an IPv4 address' },
  { name: 'a clean-up that is to join', words: [...good, '--cleanup'], message: '--cleanup takes --node and --state: leave out what is for joining' },
]) {
  test(`refuses ${name}, before anything is done`, async () => {
    const error: unknown = await run(...words).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(UserError)
    expect(error instanceof Error && error.message).toMatch(message)
    expect(deeds).toEqual([])
  })
}
