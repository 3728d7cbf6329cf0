import type { CertificateRequest } from '../../api/certificate-request.ts'
import type { CertificateSigningRequest } from '../../api/kinds/certificate-signing-request.ts'
import type { Node } from '../../api/kinds/node.ts'
import { bootstrappersGroup } from '../../api/bootstrap-token.ts'
import { isDNS1123Subdomain } from '../../api/names.ts'
import { nodePrefix, nodesGroup, shapeProblem, signers } from './shapes.ts'

/**
 * - `leave`: nothing that is decided here; people approve or deny it.
 * - `deny`: `why` says what to do instead.
 * - `allow`: if its requester may `create` `certificatesigningrequests/<permission>`, which is asked of the API.
 */
export type Verdict =
  | { readonly kind: 'leave' }
  | { readonly kind: 'deny'; readonly why: string }
  | { readonly kind: 'allow'; readonly permission: string; readonly what: string }

export interface Circumstances {
  readonly nodes: readonly Node[]
  /** Names that no token gets: of the cluster's own nodes, there or to come, and of its servers. */
  isReserved(node: string): boolean
  /** Addresses that are no node's. */
  isForeign(address: string): boolean
}

const leave: Verdict = { kind: 'leave' }

/** What is to become of a request that nobody has decided on. Pure. */
export function verdictOn({ spec }: CertificateSigningRequest, request: CertificateRequest, around: Circumstances): Verdict {
  const { username = '', groups = [], signerName, usages = [] } = spec
  const asker = askerOf(username, groups)
  if (asker === undefined) return leave
  if (signerName === signers.client) return asker.kind === 'node' ? dnsVerdict(request, usages) : leave
  if (signerName !== signers.nodeClient && signerName !== signers.serving) return leave
  const problem = shapeProblem(signerName, request, usages)
  if (problem !== undefined) return deny(problem)
  const wanted = request.commonName.slice(nodePrefix.length)
  if (asker.kind === 'bootstrapper') {
    if (signerName === signers.serving) return deny('a token is for joining: serving certificates are for nodes')
    return joinVerdict(wanted, around)
  }
  if (request.commonName !== username) return deny(`node ${asker.node} gets certificates of its own only, not of ${wanted}`)
  if (signerName === signers.nodeClient) return allow('selfnodeclient', `node ${wanted} renews its certificate`)
  return servingVerdict(wanted, request, around)
}

type Asker = { readonly kind: 'bootstrapper' } | { readonly kind: 'node'; readonly node: string }

function askerOf(username: string, groups: readonly string[]): Asker | undefined {
  if (groups.includes(nodesGroup) && username.startsWith(nodePrefix)) return { kind: 'node', node: username.slice(nodePrefix.length) }
  return groups.includes(bootstrappersGroup) ? { kind: 'bootstrapper' } : undefined
}

/** A node that is there has a certificate: who asks with a token is another that would take its place. */
function joinVerdict(name: string, { nodes, isReserved }: Circumstances): Verdict {
  const [malformed] = isDNS1123Subdomain(name)
  if (malformed !== undefined) return deny(`${JSON.stringify(name)} cannot be the name of a node: ${malformed}`)
  if (isReserved(name)) return deny(`the name ${name} is kept for the cluster itself: choose another`)
  if (nodes.some(({ metadata }) => metadata.name === name)) {
    return deny(`there is a node ${name} already: choose another name, or remove that one first with kubectl delete node ${name}`)
  }
  return allow('nodeclient', `node ${name} joins`)
}

/** Names are answered from all pods, of which a node sees its own: its DNS server is another user. */
function dnsVerdict(request: CertificateRequest, usages: readonly string[]): Verdict {
  const { commonName, organizations, subject, names } = request
  const isPlain = organizations.length === 0 && subject.length === 1 && Object.values(names).every(({ length }) => length === 0)
  if (commonName !== 'portolan:dns' || !isPlain || shapeProblem(signers.client, request, usages) !== undefined) return leave
  return allow('dnsclient', 'the DNS server of a node')
}

function servingVerdict(name: string, { names }: CertificateRequest, { nodes, isForeign }: Circumstances): Verdict {
  const own = addressesOf(nodes.filter(({ metadata }) => metadata.name === name))
  const others = addressesOf(nodes.filter(({ metadata }) => metadata.name !== name))
  const wrongName = names.dns.find((dns) => dns !== name)
  if (wrongName !== undefined) return deny(`${wrongName} is not the name of node ${name}`)
  const strange = names.addresses.find((address) => !own.includes(address))
  if (strange !== undefined) return deny(`${strange} is no address of node ${name}, which has ${own.join(', ') || 'none'}`)
  const taken = names.addresses.find((address) => others.includes(address) || isForeign(address))
  if (taken !== undefined) return deny(`${taken} belongs to others too: give node ${name} an address of its own`)
  return allow('selfnodeclient', `node ${name} serves its logs and exec`)
}

function addressesOf(nodes: readonly Node[]): readonly string[] {
  return nodes.flatMap(({ status }) => (status?.addresses ?? []).filter(({ type }) => type !== 'Hostname').map(({ address }) => address))
}

function allow(permission: string, what: string): Verdict {
  return { kind: 'allow', permission, what }
}

function deny(why: string): Verdict {
  return { kind: 'deny', why }
}
