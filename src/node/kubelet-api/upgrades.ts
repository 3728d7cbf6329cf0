import type { IncomingMessage } from 'node:http'

/** WebSocket sub-protocols that the runtime's streaming server speaks, for exec and attach. */
const spoken = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io']

export type Upgrade = { readonly accepted: true } | { readonly accepted: false; readonly why: string }

/**
 * Whether the runtime can speak what a client offers. A refusal makes newer kubectls fall back to SPDY by themselves.
 * Port forwarding is SPDY only: the runtime's WebSocket form needs the ports before the stream.
 */
export function judgeUpgrade(request: IncomingMessage, purpose: 'exec' | 'attach' | 'portForward'): Upgrade {
  const protocol = request.headers.upgrade?.toLowerCase() ?? ''
  if (protocol === 'spdy/3.1') return { accepted: true }
  if (protocol !== 'websocket') return refusal(`${JSON.stringify(protocol)} is not spoken here`)
  if (purpose === 'portForward') return refusal('port forwarding needs SPDY/3.1')
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  if (offered.some((name) => name === '' || spoken.includes(name))) return { accepted: true }
  return refusal(`none of ${offered.join(', ')} is spoken here; ${spoken.join(', ')} are`)
}

function refusal(why: string): Upgrade {
  return { accepted: false, why: `unable to upgrade: ${why}` }
}
