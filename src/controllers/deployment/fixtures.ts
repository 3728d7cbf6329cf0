import type { Deployment } from '../../api/kinds/deployment.ts'
import type { PodTemplateSpec } from '../../api/kinds/pod.ts'
import type { ReplicaSet } from '../../api/kinds/replica-set.ts'
import type { IntOrString } from '../../api/object.ts'

export const uid = 'uid-of-deployment'

/** A template of its own for each text. */
export function template(text: string, labels: Record<string, string> = {}): PodTemplateSpec {
  return {
    metadata: { labels: { app: 'kubia', ...labels } },
    spec: { containers: [{ name: 'main', image: 'luksa/kubia', env: [{ name: 'TEXT', value: text }] }] },
  }
}

export function rollingUpdate(maxSurge: IntOrString, maxUnavailable: IntOrString) {
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } as const
}

export function deployment({
  replicas = 3,
  text = 'v1',
  spec = {},
  meta = {},
  status,
}: {
  replicas?: number
  text?: string
  spec?: Partial<Deployment['spec']>
  meta?: Partial<Deployment['metadata']>
  status?: Deployment['status']
} = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'kubia',
      namespace: 'default',
      uid,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      ...meta,
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'kubia' } },
      template: template(text),
      strategy: rollingUpdate('25%', '25%'),
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  }
}

/**
 * The ReplicaSet of a template. `age` orders them: the higher, the older. It has as many pods as it should, all
 * available, unless told otherwise.
 */
export function replicaSet(
  text: string,
  replicas: number,
  {
    age = 0,
    available = replicas,
    pods = replicas,
    annotations = {},
    meta = {},
    status = {},
  }: {
    age?: number
    available?: number
    pods?: number
    annotations?: Record<string, string>
    meta?: Partial<ReplicaSet['metadata']>
    status?: Partial<ReplicaSet['status']>
  } = {},
): ReplicaSet {
  const labels = { app: 'kubia', 'pod-template-hash': text }
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'kubia', uid, controller: true }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `kubia-${text}`,
      namespace: 'default',
      uid: `uid-of-${text}`,
      resourceVersion: '1',
      creationTimestamp: new Date(Date.UTC(2026, 0, 2) - age * 1000).toISOString(),
      generation: 1,
      labels,
      annotations,
      ownerReferences: [owner],
      ...meta,
    },
    spec: { replicas, selector: { matchLabels: labels }, template: template(text, { 'pod-template-hash': text }) },
    status: { replicas: pods, readyReplicas: available, availableReplicas: available, observedGeneration: 1, ...status },
  }
}

/** `v1=3 v2=0`: the sizes that a step asks for, by template. */
export function sizesText(sizes: readonly { readonly set: ReplicaSet; readonly replicas: number }[]): string {
  return sizes.map(({ set, replicas }) => `${set.metadata.name.replace('kubia-', '')}=${replicas}`).join(' ')
}
