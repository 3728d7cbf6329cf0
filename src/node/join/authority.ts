import { X509Certificate } from 'node:crypto'
import { isStatus, StatusError } from '../../api/errors.ts'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { clusterInfoKey, clusterInfoName } from '../../api/join-objects.ts'
import { authorityHash } from '../../base/authority-hash.ts'
import { type Client, ConnectionError } from '../../client/client.ts'
import { JoinError } from './join-error.ts'

/**
 * The cluster's authority, PEM, as the server itself tells it. `client` believes whoever answers and shows no credentials:
 * the hash decides whether the answer is the cluster's. Throws `JoinError`.
 */
export async function fetchAuthority(client: Client, server: string, hash: string): Promise<string> {
  const pem = authorityIn(await clusterInfo(client, server), server)
  const found = authorityHash(pem)
  if (found === hash) return pem
  throw new JoinError(`the authority of ${server} has the hash ${found}, not ${hash}: this is another cluster, or somebody between it and here; compare with ./portolan node token create there`)
}

async function clusterInfo(client: Client, server: string): Promise<string> {
  try {
    const { data } = await client.get(ConfigMaps, clusterInfoName)
    return data?.[clusterInfoKey] ?? ''
  } catch (error) {
    if (error instanceof ConnectionError) throw unreachable(server, error)
    if (error instanceof StatusError && (isStatus(error, 'NotFound') || isStatus(error, 'Forbidden'))) {
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
