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
import { dnsClient, nodeClient, obtainCertificate, type Pair, type Wanted } from '../node/join/certificates.ts'
import { JoinError } from '../node/join/join-error.ts'
import { invalidity, isValid } from '../node/join/renewal.ts'

type Say = (line: string) => void

interface Joining {
  readonly store: PairStore
  /** Aborts when the server has had its time. */
  readonly signal: AbortSignal
  readonly say: Say
}

/** More than it takes to be told that nobody signs, twice. */
const patienceMs = 180_000

/** Makes this machine a node: it gets certificates of its own, and is told of the network. Rejects with `UserError`. */
export async function joinMachine(request: JoinRequest, say: Say, timeoutMs = patienceMs): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    await join(request, signal, say)
  } catch (error) {
    if (error instanceof JoinError) throw new UserError(error.message, { cause: error })
    if (!signal.aborted) throw error
    throw new UserError(`${request.server} takes connections and has not answered within ${timeoutMs / 1000} s: see whether it is an API, and what its log says`, { cause: error })
  }
}

async function join(request: JoinRequest, signal: AbortSignal, say: Say): Promise<void> {
  const { node, state } = request
  const layout = joinedLayout(state, node)
  const before = await readJoinedNode(layout.file)
  if (before !== undefined && before.name !== node) {
    throw new UserError(`${state} is the state of node ${before.name}: give another --state for ${node}`)
  }
  const joining = { store: pairStore(layout.pki), signal, say }
  const ca = await ensureIdentity(request, joining)
  try {
    await learn(request, ca, joining)
  } catch (error) {
    // The agent can wait for the server, as long as it knows enough to run.
    const isAway = error instanceof JoinError && error.cause instanceof ConnectionError
    if (!isAway || before === undefined) throw error
    say(`${error.message}; the agent goes on with what it knew`)
  }
}

/** Asks, as the node that it now is, for what it needs besides. */
async function learn({ node, server, state, address }: JoinRequest, ca: string, { store, signal }: Joining): Promise<void> {
  const pair = await store.read('client')
  await withApi({ server, ca, ...pair, userAgent: 'kubelet' }, async (client) => {
    const network = await networkData({ client, server, signal })
    readNodeSettingsData(network)
    const dns = await store.find('dns')
    if (dns === undefined || !isValid(dns, clock.now())) await store.write('dns', await obtain(dnsClient, { client, server, signal }))
    await writeJoinedNode(joinedLayout(state, node).file, { name: node, address: address ?? (await addressTowards(server)), server, network })
  })
}

/** Resolves to the authority, PEM. What is good from before is kept: tokens are for the first time. */
async function ensureIdentity(request: JoinRequest, { store, signal, say }: Joining): Promise<string> {
  const { node, server, token, caHash, state } = request
  const kept = await store.find('client')
  if (kept !== undefined && isValid(kept, clock.now())) {
    const ca = await store.authority()
    if (caHash === undefined || authorityHash(ca) === caHash) return ca
    throw new UserError(`${state} belongs to a node of another cluster: give another --state, or take it away with ./portolan agent --cleanup --node ${node} --state ${state}`)
  }
  const problem = kept === undefined ? undefined : invalidity(node, kept, clock.now())
  if (token === undefined && problem !== undefined) throw new UserError(problem)
  if (token === undefined) throw new UserError('give --token ID.SECRET, which lets this machine in: ./portolan node token create prints it')
  if (caHash === undefined) throw new UserError('give --ca-hash sha256:… or --ca-file FILE, by which the cluster is known: ./portolan node token create prints it')
  const ca = request.ca ?? (await withApi({ server, insecure: true }, (client) => fetchAuthority({ client, server, signal }, caHash)))
  const pair = await withApi({ server, ca, token, userAgent: 'kubelet' }, (client) => obtain(nodeClient(node), { client, server, signal }))
  // In this order: who has a certificate is taken to know the authority too.
  await store.writeAuthority(ca)
  await store.write('client', pair)
  say(`${node} has joined the cluster at ${server}`)
  return ca
}

interface Api {
  readonly client: Client
  readonly server: string
  readonly signal: AbortSignal
}

function obtain(wanted: Wanted, api: Api): Promise<Pair> {
  return obtainCertificate(wanted, { ...api, clock, newRequest })
}

async function networkData({ client, server, signal }: Api): Promise<Readonly<Record<string, string>>> {
  try {
    return (await client.get(ConfigMaps, nodeSettingsName, { signal })).data ?? {}
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
