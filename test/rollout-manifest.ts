import { rolloutApp } from './rollout-app.ts'

export interface RolloutWorld {
  readonly replicas: number
  /** Whether pods leave their Services before they are told to end. */
  readonly withdrawFirst: boolean
  readonly withIngress: boolean
}

/**
 * The app, a pod to ask from, two Services with load balancers, `web`, which has node ports too, and `near`, whose
 * connections stay on the nodes that they are led to, and if asked for an Ingress for any host.
 */
export function rolloutManifest({ replicas, withdrawFirst, withIngress }: RolloutWorld): object {
  const annotations = withdrawFirst ? {} : { 'portolan.dev/withdraw-first': 'false' }
  const readinessProbe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 }
  const container = { name: 'web', image: 'luksa/kubia', command: ['node', '-e', rolloutApp()], readinessProbe }
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' }, annotations },
            spec: { containers: [container], terminationGracePeriodSeconds: 10 },
          },
        },
      },
      service('web', {}),
      service('near', { externalTrafficPolicy: 'Local' }),
      ...(withIngress ? [ingress] : []),
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'client' },
        spec: {
          containers: [{ name: 'client', image: 'luksa/kubia', command: ['sleep', 'infinity'] }],
          terminationGracePeriodSeconds: 0,
        },
      },
    ],
  }
}

const ingress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web' },
  spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
}

function service(name: string, policy: { externalTrafficPolicy?: string }): object {
  const ports = [{ port: 80, targetPort: 8080 }]
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports, ...policy } }
}
