import https from 'node:https'
import { serviceUnavailable } from '../api/errors.ts'
import { httpUpstream, type Upstream } from './upstream.ts'

/** How the server reaches the agents. Failures are `StatusError`s that name the node. */
export type Kubelets = Upstream

export interface KubeletCredentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Over HTTPS with the server's own client certificate; agents are verified against the cluster's CA. */
export function httpsKubelets({ ca, cert, key }: KubeletCredentials): Kubelets {
  const tls = { ca, cert, key }
  return httpUpstream({
    tls,
    agent: new https.Agent({ ...tls, keepAlive: true }),
    failure: ({ host, port }, cause) =>
      serviceUnavailable(
        `the node's agent at ${host}:${port} did not answer: ${cause.message}; see whether the node is Ready`,
      ),
  })
}
