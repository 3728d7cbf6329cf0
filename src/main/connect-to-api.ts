import type { ApiConnection } from '../cli/api-access.ts'
import { apiClient } from '../client/api-client.ts'
import { http2Transport } from '../client/http2-transport.ts'
import type { ClusterAccess } from '../client/kubeconfig.ts'
import { tokenOf } from '../client/token-file.ts'

/** A connection to any Kubernetes API, with the credentials of a kubeconfig. */
export function connectToApi({ token, tokenFile, ...access }: ClusterAccess, userAgent: string): ApiConnection {
  const bearer = token === undefined || tokenFile === undefined ? token : tokenOf(tokenFile, token)
  const credentials = bearer === undefined ? access : { ...access, token: bearer }
  const transport = http2Transport({ ...credentials, userAgent })
  return { client: apiClient(transport), close: () => transport.close() }
}
