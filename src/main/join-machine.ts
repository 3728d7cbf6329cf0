import { once } from 'node:events'
import { connect } from 'node:net'
import { nodeSettingsName } from '../api/join-objects.ts'
import { StatusError } from '../api/errors.ts'
import { ConfigMaps } from '../api/kinds/config-map.ts'
import { authorityHash } from '../base/authority-hash.ts'
import { systemClock as clock } from '../base/clock.ts'
import type { JoinRequest } from '../cli/agent.ts'
import { UserError } from '../cli/context.ts'
import { apiClient } from '../client/api-client.ts'
import { type Client, ConnectionError } from '../client/client.ts'
import { http2Transport, type Http2Options } from '../client/http2-transport.ts'
import { newRequest } from '../cluster/issue-certificates.ts'
import { joinedLayout, readJoinedNode, writeJoinedNode } from '../cluster/joined-node.ts'
import { readNodeSettingsData } from '../cluster/node-settings.ts'
import { type PairStore, pairStore } from '../cluster/pki.ts'
import { fetchAuthority, unreachable } from '../node/join/authority.ts'
import { dnsClient, nodeClient, obtainCertificate, type Wanted } from '../node/join/certificates.ts'
import { JoinError } from '../node/join/join-error.ts'
import { isValid } from '../node/join/renewal.ts'

type Say = (line: string) => void

/** Makes this machine a node: it gets certificates of its own, and is told of the network. Rejects with `UserError`. */
export async function joinMachine(request: JoinRequest, say: Say): Promise<void> {
  try {
    await join(request, say)
  } catch (error) {
    throw error instanceof JoinError ? new UserError(error.message, { cause: error }) : error
  }
}

async function join(request: JoinRequest, say: Say): Promise<void> {
  const { node, state } = request
  const layout = joinedLayout(state, node)
  const before = await readJoinedNode(layout.file)
  if (before !== undefined && before.name !== node) {
    throw new UserError(`${state} is the state of node ${before.name}: give another --state for ${node}`)
  }
  const store = pairStore(layout.pki)
  const ca = await ensureIdentity(request, store, say)
  try {
    await learn(request, ca, store)
  } catch (error) {
    // The agent can wait for the server, as long as it knows enough to run.
    const isAway = error instanceof JoinError && error.cause instanceof ConnectionError
    if (!isAway || before === undefined) throw error
    say(`${error.message}; the agent goes on with what it knew`)
  }
}

/** Asks, as the node that it now is, for what it needs besides. */
async function learn({ node, server, state, address }: JoinRequest, ca: string, store: PairStore): Promise<void> {
  const pair = await store.read('client')
  await withApi({ server, ca, ...pair, userAgent: 'kubelet' }, async (client) => {
    const network = await networkData(client, server)
    readNodeSettingsData(network)
    const dns = await store.find('dns')
    if (dns === undefined || !isValid(dns, clock.now())) await obtain(dnsClient, 'dns', { client, server, store })
    await writeJoinedNode(joinedLayout(state, node).file, { name: node, address: address ?? (await addressTowards(server)), server, network })
  })
}

/** Resolves to the authority, PEM. What is good from before is kept: tokens are for the first time. */
async function ensureIdentity(request: JoinRequest, store: PairStore, say: Say): Promise<string> {
  const { node, server, token, caHash, state } = request
  const kept = await store.find('client')
  if (kept !== undefined && isValid(kept, clock.now())) {
    const ca = await store.authority()
    if (caHash === undefined || authorityHash(ca) === caHash) return ca
    throw new UserError(`${state} belongs to a node of another cluster: give another --state, or take it away with ./portolan agent --cleanup --node ${node} --state ${state}`)
  }
  if (token === undefined) throw new UserError('give --token ID.SECRET, which lets this machine in: ./portolan node token create prints it')
  if (caHash === undefined) throw new UserError('give --ca-hash sha256:… or --ca-file FILE, by which the cluster is known: ./portolan node token create prints it')
  const ca = request.ca ?? (await withApi({ server, insecure: true }, (client) => fetchAuthority(client, server, caHash)))
  // First: who has a certificate is taken to know the authority too.
  await store.writeAuthority(ca)
  await withApi({ server, ca, token, userAgent: 'kubelet' }, (client) => obtain(nodeClient(node), 'client', { client, server, store }))
  say(`${node} has joined the cluster at ${server}`)
  return ca
}

interface Obtaining {
  readonly client: Client
  readonly server: string
  readonly store: PairStore
}

async function obtain(wanted: Wanted, name: string, { client, server, store }: Obtaining): Promise<void> {
  const signal = AbortSignal.timeout(120_000)
  await store.write(name, await obtainCertificate(wanted, { client, server, clock, signal, newRequest }))
}

async function networkData(client: Client, server: string): Promise<Readonly<Record<string, string>>> {
  try {
    return (await client.get(ConfigMaps, nodeSettingsName)).data ?? {}
  } catch (error) {
    if (error instanceof ConnectionError) throw unreachable(server, error)
    if (error instanceof StatusError) throw new JoinError(`${server} does not tell its nodes about the network (${error.message}): is it a cluster of this version?`, { cause: error })
    throw error
  }
}

async function withApi<T>(options: Http2Options, use: (client: Client) => Promise<T>): Promise<T> {
  const transport = http2Transport(options)
  try {
    return await use(apiClient(transport))
  } finally {
    await transport.close()
  }
}

/** The address from which the server is reached. */
async function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server)
  const socket = connect({ host: hostname, port: Number(port === '' ? '443' : port), family: 4 })
  try {
    await once(socket, 'connect')
    return socket.localAddress ?? ''
  } finally {
    socket.destroy()
  }
}
