import { X509Certificate } from 'node:crypto'
import { StatusError } from '../../api/errors.ts'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { clusterInfoKey, clusterInfoName } from '../../api/join-objects.ts'
import { authorityHash } from '../../base/authority-hash.ts'
import { type Client, ConnectionError } from '../../client/client.ts'
import { JoinError } from './join-error.ts'

export interface AuthoritySource {
  /** Believes whoever answers, and shows no credentials. */
  readonly client: Client
  /** For messages. */
  readonly server: string
  readonly signal: AbortSignal
}

/**
 * The cluster's authority, PEM, as the server itself tells it: the hash decides whether the answer is the cluster's. Throws
 * `JoinError`.
 */
export async function fetchAuthority(source: AuthoritySource, hash: string): Promise<string> {
  const { server } = source
  const pem = authorityIn(await clusterInfo(source), server)
  const found = authorityHash(pem)
  if (found === hash) return pem
  throw new JoinError(`the authority of ${server} has the hash ${found}, not ${hash}: this is another cluster, or somebody between it and here; compare with ./portolan node token create there`)
}

async function clusterInfo({ client, server, signal }: AuthoritySource): Promise<string> {
  try {
    const { data } = await client.get(ConfigMaps, clusterInfoName, { signal })
    return data?.[clusterInfoKey] ?? ''
  } catch (error) {
    if (error instanceof ConnectionError) throw unreachable(server, error)
    if (error instanceof StatusError) {
      throw new JoinError(`${server} does not tell its authority (${error.message}): give it with --ca-file`, { cause: error })
    }
    throw error
  }
}

function authorityIn(kubeconfig: string, server: string): string {
  const [, base64 = ''] = /^\s*certificate-authority-data:\s*([A-Za-z0-9+/=]+)\s*$/m.exec(kubeconfig) ?? []
  const pem = Buffer.from(base64, 'base64').toString()
  try {
    return new X509Certificate(pem).toString()
  } catch (error) {
    throw new JoinError(`${server} tells no authority in ConfigMap kube-public/cluster-info: give it with --ca-file`, { cause: error })
  }
}

export function unreachable(server: string, error: ConnectionError): JoinError {
  return new JoinError(`${server} cannot be reached from here (${error.message}): see whether the cluster runs and --server is its address in the node network`, { cause: error })
}
