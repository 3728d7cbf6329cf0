import { once } from 'node:events'
import { createSecureServer, type Http2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { throwawayPki } from '../base/throwaway-pki.ts'
import { UserError } from '../cluster/user-error.ts'
import { joinMachine } from './join-machine.ts'

test('a server that takes the connection and never answers is given up, with a sentence', async () => {
  const sessions: Http2Session[] = []
  const silent = createSecureServer({ ...(await throwawayPki()).server }, () => {}).on('session', (session) => sessions.push(session))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const server = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
  try {
    const request = { node: 'a', state: '/nowhere/a', home: '/nowhere', server, token: 'abcdef.0123456789abcdef', caHash: `sha256:${'0'.repeat(64)}` }
    const error: unknown = await joinMachine(request, () => {}, 300).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(UserError)
    expect(error).toHaveProperty('message', `${server} takes connections and has not answered within 0.3 s: see whether it is an API, and what its log says`)
    expect(sessions).toHaveLength(1)
  } finally {
    for (const session of sessions) session.destroy()
    silent.close()
  }
})
