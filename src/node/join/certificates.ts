import { isStatus, StatusError } from '../../api/errors.ts'
import {
  type CertificateSigningRequest,
  CertificateSigningRequests,
} from '../../api/kinds/certificate-signing-request.ts'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { type Client, ConnectionError } from '../../client/client.ts'
import { unreachable } from './authority.ts'
import { JoinError } from './join-error.ts'

/** PEM texts of a certificate and its key. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** A certificate as a node asks for it. */
export interface Wanted {
  readonly signerName: string
  readonly usage: 'client auth' | 'server auth'
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly addresses: readonly string[]
  readonly dnsNames: readonly string[]
}

export interface CertificateDeps {
  readonly client: Client
  /** For messages. */
  readonly server: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** A new key, and a request (PKCS#10) that it has signed; both PEM. */
  newRequest(wanted: Wanted): Promise<{ readonly request: string; readonly key: string }>
}

const patienceMs = 60_000

export function nodeClient(node: string): Wanted {
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet'
  return { ...ofNode(node), signerName, usage: 'client auth', addresses: [], dnsNames: [] }
}

export function nodeServing(node: string, address: string): Wanted {
  const signerName = 'kubernetes.io/kubelet-serving'
  return { ...ofNode(node), signerName, usage: 'server auth', addresses: [address], dnsNames: [node] }
}

/** Names are answered from all pods, of which a node sees its own. */
export const dnsClient: Wanted = {
  signerName: 'kubernetes.io/kube-apiserver-client',
  usage: 'client auth',
  commonName: 'portolan:dns',
  organizations: [],
  addresses: [],
  dnsNames: [],
}

function ofNode(node: string): Pick<Wanted, 'commonName' | 'organizations'> {
  return { commonName: `system:node:${node}`, organizations: ['system:nodes'] }
}

/** Makes a key here, asks for a certificate of it and waits until it is signed. Throws `JoinError`. */
export async function obtainCertificate(wanted: Wanted, deps: CertificateDeps): Promise<Pair> {
  const { client, clock, signal, newRequest, server } = deps
  const { request, key } = await newRequest(wanted)
  const { signerName, usage } = wanted
  const spec = { signerName, request: Buffer.from(request).toString('base64'), usages: ['digital signature', usage] }
  try {
    const { metadata } = await client.create(CertificateSigningRequests, { metadata: { generateName: 'node-csr-' }, spec }, { signal })
    const deadline = clock.monotonicMs() + patienceMs
    const backoff = new Backoff({ baseMs: 20, maxMs: 500 })
    for (;;) {
      const answer = certificateIn(await client.get(CertificateSigningRequests, { name: metadata.name }, { signal }))
      if (answer !== undefined) return { cert: answer, key }
      if (clock.monotonicMs() > deadline) throw unanswered(metadata.name)
      await clock.sleep(backoff.nextMs(), signal)
    }
  } catch (error) {
    throw explained(error, server)
  }
}

/** Undefined as long as nobody has signed. Throws `JoinError` if nobody will. */
function certificateIn({ metadata, status }: CertificateSigningRequest): string | undefined {
  const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
  if (refusal !== undefined) throw new JoinError(`the cluster refuses to sign: ${refusal.message ?? metadata.name}`)
  const { certificate = '' } = status ?? {}
  return certificate === '' ? undefined : Buffer.from(certificate, 'base64').toString()
}

function unanswered(name: string): JoinError {
  return new JoinError(`nobody has signed within ${patienceMs / 1000} s: see kubectl get csr ${name}, and kubectl certificate approve ${name} if it is yours`)
}

function explained(error: unknown, server: string): unknown {
  if (error instanceof ConnectionError) return unreachable(server, error)
  if (isStatus(error, 'Unauthorized')) {
    return new JoinError('the token is not accepted: it is wrong or has expired; make another with ./portolan node token create', { cause: error })
  }
  return error instanceof StatusError ? new JoinError(`${server} refuses: ${error.message}`, { cause: error }) : error
}
