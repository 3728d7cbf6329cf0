import type { Ingress, IngressSpec } from '../src/api/kinds/ingress.ts'
import type { Draft } from '../src/api/object.ts'
import { rolloutApp } from '../test/rollout-app.ts'

/** A WebSocket that sends back short texts. */
const webSocket = `
server.on('upgrade', (request, socket) => {
  const accept = require('crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  let rest = Buffer.alloc(0)
  socket.on('error', () => {}).on('data', (piece) => {
    rest = Buffer.concat([rest, piece])
    while (rest.length >= 6 && rest.length >= 6 + (rest[1] & 127)) {
      const length = rest[1] & 127, mask = rest.slice(2, 6), text = rest.slice(6, 6 + length).map((byte, index) => byte ^ mask[index % 4])
      socket.write(Buffer.concat([Buffer.from([rest[0], length]), Buffer.from(text)]))
      if ((rest[0] & 15) === 8) socket.end()
      rest = rest.slice(6 + length)
    }
  })
})
`

const container = { name: 'app', image: 'luksa/kubia', command: ['node', '-e', rolloutApp(webSocket)], readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }

export const webSocketPods = ['socket-0', 'socket-1', 'socket-2'] as const
/** Hosts that are asked all the time. `weighted` has a canary. */
export const hosts = ['plain.example.com', 'weighted.example.com', 'moving.example.com'] as const

/**
 * A Deployment `web` that is replaced all the time, pods for WebSockets that stay, and Ingresses for both; the Secret
 * `certificate` is for `plain.example.com`.
 */
export function ingressChangesManifest(): object {
  const [plain, weighted, moving] = hosts
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container], terminationGracePeriodSeconds: 10 } },
        },
      },
      ...webSocketPods.map((name) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: 'socket' } },
        spec: { containers: [container], terminationGracePeriodSeconds: 0 },
      })),
      service('web', 'web'),
      service('web-again', 'web'),
      service('socket', 'socket'),
      ingress('plain', plain, 'web', { spec: { tls: [{ hosts: [plain], secretName: 'certificate' }] } }),
      ingress('weighted', weighted, 'web'),
      ingress('canary', weighted, 'web-again', { annotations: canaryOf(0) }),
      ingress('moving', moving, 'web'),
      ingress('socket', undefined, 'socket', { path: '/ws' }),
    ],
  }
}

export function canaryOf(weight: number): Readonly<Record<string, string>> {
  return { 'portolan.dev/canary': 'true', 'portolan.dev/canary-weight': String(weight) }
}

export function service(name: string, app: string): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] } }
}

interface Further {
  readonly path?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Pick<IngressSpec, 'tls'>
}

export function ingress(name: string, host: string | undefined, to: string, { path = '/', annotations = {}, spec = {} }: Further = {}): Draft<Ingress> & Pick<Ingress, 'apiVersion' | 'kind'> {
  const paths = [{ path, pathType: 'Prefix', backend: { service: { name: to, port: { number: 80 } } } }]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations },
    spec: { ...spec, rules: [{ ...(host === undefined ? {} : { host }), http: { paths } }] },
  }
}
