import { serviceUnavailable } from '../api/errors.ts'
import { httpUpstream, type Upstream, type UpstreamTarget } from './upstream.ts'

/** How the server reaches what runs in pods and on nodes, for the API proxy. As upstream, certificates are not verified. */
export function httpBackends(): Upstream {
  return httpUpstream({
    tls: { rejectUnauthorized: false },
    failure: (target, cause) => serviceUnavailable(`error trying to reach service: ${describe(target, cause)}`),
  })
}

/** A failed connection as Go's dialer words it. */
function describe({ host, port }: UpstreamTarget, cause: NodeJS.ErrnoException): string {
  const why = connectProblems[cause.code ?? '']
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return why === undefined ? cause.message : `dial tcp ${address}: connect: ${why}`
}

const connectProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
}
