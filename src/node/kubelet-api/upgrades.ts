import type { IncomingMessage } from 'node:http'

/** WebSocket sub-protocols that the runtime's streaming server speaks, in binary and in base64. */
const spoken = {
  exec: ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io'],
  portForward: ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'],
} as const

export type Upgrade = { readonly accepted: true } | { readonly accepted: false; readonly why: string }

/**
 * Whether the runtime can speak what a client offers. A refusal makes newer kubectls fall back to SPDY by themselves:
 * they offer `v5.channel.k8s.io`, and to forward ports SPDY within a WebSocket. `ports` are those that the request names:
 * forwarding by WebSocket has to know them before it begins.
 */
export function judgeUpgrade(
  request: IncomingMessage,
  purpose: 'exec' | 'attach' | 'portForward',
  ports: readonly number[],
): Upgrade {
  const protocol = request.headers.upgrade?.toLowerCase() ?? ''
  if (protocol === 'spdy/3.1') return { accepted: true }
  if (protocol !== 'websocket') return refusal(`${JSON.stringify(protocol)} is not spoken here`)
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const known: readonly string[] = spoken[purpose === 'portForward' ? 'portForward' : 'exec']
  if (!offered.some((name) => name === '' || known.includes(name))) {
    return refusal(`none of ${offered.join(', ')} is spoken here; ${known.join(', ')} are`)
  }
  if (purpose !== 'portForward' || ports.length > 0) return { accepted: true }
  return refusal('forwarding ports by WebSocket needs them in the query')
}

function refusal(why: string): Upgrade {
  return { accepted: false, why: `unable to upgrade: ${why}` }
}
