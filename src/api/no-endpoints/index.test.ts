import { expect, test } from 'vitest'
import type { ContainerStatus, Pod } from '../kinds/pod.ts'
import type { Node } from '../kinds/node.ts'
import type { Service } from '../kinds/service.ts'
import { selectorFromMap } from '../selectors.ts'
import { whyNoEndpoints } from './index.ts'

const meta = (name: string, namespace = 'default') => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })

function service(spec: Partial<Service['spec']> = {}): Service {
  const base = { type: 'ClusterIP', selector: { app: 'kubia' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: meta('kubia'), spec: { ...base, ...spec } }
}

interface PodParts {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: Record<string, string>
  readonly ready?: boolean
  readonly spec?: Partial<Pod['spec']>
  readonly status?: Partial<NonNullable<Pod['status']>>
  readonly leaving?: boolean
  /** None if empty. */
  readonly nodeName?: string
}

function pod(parts: PodParts = {}): Pod {
  const { name = 'a', namespace, labels = { app: 'kubia' }, ready = false, spec = {}, status = {} } = parts
  const { leaving = false, nodeName = 'node-1' } = parts
  const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name, namespace), labels, ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { ...(nodeName === '' ? {} : { nodeName }), containers: [{ name: 'main', image: 'luksa/kubia', ports }], ...spec },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...status },
  }
}

function container(state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}) {
  const status: ContainerStatus = { name: 'main', image: 'luksa/kubia', imageID: '', ready: false, restartCount: 0, ...more }
  return { containerStatuses: [{ ...status, ...(state === undefined ? {} : { state }) }] }
}

const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const ended = { terminated: { exitCode: 3 } }
const readyNode: Node = {
  apiVersion: 'v1', kind: 'Node', metadata: meta('node-1'), spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] },
}

interface Case {
  readonly name: string
  readonly spec?: Partial<Service['spec']>
  readonly pods: readonly Pod[]
  readonly node?: string
  /** `Reason: part of the message`; undefined if there is nothing to tell. */
  readonly says: string | undefined
}

const cases: readonly Case[] = [
  { name: 'a ready pod', pods: [pod({ ready: true })], says: undefined },
  { name: 'no selector', spec: { selector: {} }, pods: [], says: undefined },
  { name: 'ExternalName', spec: { type: 'ExternalName' }, pods: [], says: undefined },
  { name: 'unready ones that are published', spec: { publishNotReadyAddresses: true }, pods: [pod()], says: undefined },
  { name: 'no pods', pods: [], says: 'SelectorMatchesNoPods: There are no pods in this namespace' },
  { name: 'a misprint in the value', pods: [pod({ labels: { app: 'kubai', x: 'y' } })], says: 'SelectorMatchesNoPods: Pod a has app=kubai' },
  { name: 'a misprint in the key', pods: [pod({ labels: { App: 'kubia' } })], says: 'SelectorMatchesNoPods: Pod a has App=kubia' },
  {
    name: 'the nearest of several',
    spec: { selector: { app: 'kubia', tier: 'web' } },
    pods: [pod({ labels: { app: 'other' } }), pod({ name: 'b', labels: { app: 'kubia', tier: 'db' } })],
    says: 'SelectorMatchesNoPods: Pod b has app=kubia,tier=db',
  },
  { name: 'nothing alike', pods: [pod({ labels: { run: 'x' } })], says: 'SelectorMatchesNoPods: None of its 1 pod has similar labels' },
  { name: 'another namespace', pods: [pod({ namespace: 'shop' })], says: 'SelectorMatchesNoPods: Pod a in namespace shop has them' },
  {
    name: 'another namespace rather than pods of another app',
    pods: [pod({ namespace: 'shop' }), pod({ name: 'b', labels: { app: 'other' } })],
    says: 'SelectorMatchesNoPods: Pod a in namespace shop has them',
  },
  { name: 'another value of the same label', pods: [pod({ labels: { app: 'other' } })], says: 'SelectorMatchesNoPods: Pod a has app=other' },
  { name: 'pods that have ended', pods: [pod({ status: { phase: 'Failed' } })], says: 'PodsCompleted: will not run again (Failed): a' },
  { name: 'pods that leave', pods: [pod({ ready: true, leaving: true })], says: 'PodsTerminating: being deleted: a' },
  {
    name: 'a target port that nobody names, though pods are ready',
    spec: { ports: [{ port: 80, targetPort: 'htpt' }] },
    pods: [pod({ ready: true })],
    says: 'TargetPortNotDefined: target port "htpt" over TCP, which no container of the selected pods names. They declare http (8080 TCP)',
  },
  {
    name: 'a target port of another protocol',
    spec: { ports: [{ port: 80, targetPort: 'http', protocol: 'UDP' }] },
    pods: [pod({ ready: true })],
    says: 'TargetPortNotDefined: "http" over UDP',
  },
  {
    name: 'pods without a node',
    pods: [pod({ nodeName: '', status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }] } })],
    says: 'PodsUnscheduled: 1 selected pod has no node. Pod a: 0/2 nodes are available',
  },
  { name: 'a node that is gone', pods: [pod()], node: 'node-2', says: 'NodesNotReady: node-1 is not ready' },
  {
    name: 'an image that cannot be had',
    pods: [pod({ status: container({ waiting: { reason: 'ErrImagePull' } }) })],
    says: 'ImageNotPulled: Container main of pod a waits for its image "luksa/kubia": ImagePullBackOff (1 pod of 1 selected)',
  },
  {
    name: 'a container that crashes, while it waits',
    pods: [pod({ status: container({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: ended }) })],
    says: 'ContainersCrash: keeps ending (CrashLoopBackOff, exit code 3)',
  },
  { name: 'a container that has just crashed', pods: [pod({ status: container(ended) })], says: 'ContainersCrash: (CrashLoopBackOff, exit code 3)' },
  {
    name: 'a container that lacks its configuration',
    pods: [pod({ status: container({ waiting: { reason: 'CreateContainerConfigError', message: 'configmap "x" not found' } }) })],
    says: 'ContainersWait: waits: CreateContainerConfigError: configmap "x" not found',
  },
  {
    name: 'a readiness probe',
    pods: [pod({
      spec: { containers: [{ name: 'main', image: 'x', readinessProbe: { httpGet: { port: 8080, path: '/ok' } } }] },
      status: container(running, { started: true }),
    })],
    says: 'PodsNotReady: 1 pod of 1 selected is not ready. Pod a: container main does not pass its readiness probe (GET :8080/ok)',
  },
  {
    name: 'a startup probe',
    pods: [pod({
      spec: { containers: [{ name: 'main', image: 'x', startupProbe: { exec: { command: ['ls', '/up'] } } }] },
      status: container(running, { started: false }),
    })],
    says: 'PodsNotReady: does not pass its startup probe (exec ls /up)',
  },
  {
    name: 'a readiness gate',
    pods: [pod({ spec: { readinessGates: [{ conditionType: 'example.com/in' }] }, status: container(running, { ready: true }) })],
    says: 'PodsNotReady: its readiness gate example.com/in is not True',
  },
  { name: 'a pod that starts', pods: [pod({ status: container({ waiting: { reason: 'ContainerCreating' } }) })], says: 'PodsNotReady: its containers are being created' },
]

for (const { name, says, ...situation } of cases) {
  test(name, () => {
    const reason = reasonOf(situation)
    const [word, part = ''] = says?.split(/: (.*)/) ?? []
    expect(reason?.reason).toBe(word)
    expect(reason?.message ?? '').toContain(part)
  })
}

function reasonOf({ spec, pods, node = 'node-1' }: Omit<Case, 'name' | 'says'>) {
  const subject = service(spec)
  const selector = selectorFromMap(subject.spec.selector)
  const podsIn = (namespace?: string) => pods.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
  const selected = podsIn('default').filter(({ metadata }) => selector.matches(metadata.labels))
  return whyNoEndpoints({ service: subject, selected, podsIn, node: (name) => (name === node ? readyNode : undefined) })
}
