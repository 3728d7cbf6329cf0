import type { DaemonSet } from '../api/kinds/daemon-set.ts'
import type { StatefulSet } from '../api/kinds/stateful-set.ts'

const template = {
  metadata: { labels: { app: 'kubia' } },
  spec: { containers: [{ name: 'main', image: 'luksa/kubia' }] },
}
const selector = { matchLabels: { app: 'kubia' } }

function metadata(name: string) {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 1,
  }
}

/** A template with another image than before: another revision. */
export function templateOfImage(image: string) {
  return { ...template, spec: { containers: [{ name: 'main', image }] } }
}

export function statefulSet(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata('web'),
    spec: {
      serviceName: 'web',
      replicas: 3,
      selector,
      template,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
      ...spec,
    },
  }
}

export function daemonSet(spec: Partial<DaemonSet['spec']> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { ...metadata('agent'), annotations: { 'deprecated.daemonset.template.generation': '1' } },
    spec: {
      selector,
      template,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      ...spec,
    },
  }
}
