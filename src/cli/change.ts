import { apiClient } from '../client/api-client.ts'
import type { Client } from '../client/client.ts'
import { http2Transport } from '../client/http2-transport.ts'
import type { ClusterConfig } from '../cluster/config.ts'
import { connectControl, type ControlConnection } from '../cluster/control.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import { readIdentity } from '../cluster/pki.ts'
import type { ClusterChange } from '../cluster/state.ts'
import { UserError } from './context.ts'

/** Has a running cluster changed. Rejects with `UserError` if it does not run, or the change cannot be made. */
export async function change(config: ClusterConfig, layout: Layout, wanted: ClusterChange): Promise<void> {
  await using control = await requireRunning(config, layout)
  await control.change(wanted)
}

export async function requireRunning({ name }: ClusterConfig, { controlSocket }: Layout): Promise<ControlConnection> {
  const control = await connectControl(controlSocket)
  if (control !== undefined) return control
  const flag = name === defaultCluster ? '' : ` --name ${name}`
  throw new UserError(`cluster ${name} does not run: start it with ./portolan up${flag}`)
}

/** Lends a client with all rights. */
export async function withClient<T>(config: ClusterConfig, layout: Layout, use: (client: Client) => Promise<T>): Promise<T> {
  const server = `https://127.0.0.1:${config.apiPort}`
  const transport = http2Transport({ server, userAgent: 'portolan', ...(await readIdentity(layout.pki, 'admin')) })
  try {
    return await use(apiClient(transport))
  } finally {
    await transport.close()
  }
}
