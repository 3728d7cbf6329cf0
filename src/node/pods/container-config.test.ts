import { describe, expect, test } from 'vitest'
import { containerConfig } from './container-config.ts'
import { nodePaths } from './paths.ts'
import { linuxResources, qosClassOf } from './resources.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { verifyNonRoot } from './security.ts'
import type { ContainerSpec } from './spec.ts'
import { testPod, type PodInput } from './test-pods.ts'

const capacity = 8 * 2 ** 30
const paths = nodePaths('/state')

describe('resources', () => {
  for (const { name, resources, qos, gives } of [
    {
      name: 'none',
      resources: {},
      qos: 'BestEffort',
      gives: { cpuQuota: 0, cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 1000 },
    },
    {
      name: 'limits alone are requests too',
      resources: { limits: { cpu: '500m', memory: '128Mi' } },
      qos: 'Guaranteed',
      gives: { cpuQuota: 50_000, cpuShares: 512, memoryLimitInBytes: 128 * 2 ** 20, oomScoreAdj: -997 },
    },
    {
      name: 'requests below limits',
      resources: { requests: { cpu: '250m', memory: '4Gi' }, limits: { cpu: '1' } },
      qos: 'Burstable',
      gives: { cpuQuota: 100_000, cpuShares: 256, memoryLimitInBytes: 0, oomScoreAdj: 500 },
    },
    {
      name: 'the smallest quota the kernel takes',
      resources: { limits: { cpu: '1m' } },
      qos: 'Burstable',
      gives: { cpuQuota: 1000, cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 999 },
    },
  ]) {
    test(name, () => {
      const spec: ContainerSpec = { name: 'app', image: 'kubia', resources }
      const pod = testPod({ spec: { containers: [spec] } })
      expect(qosClassOf(pod)).toBe(qos)
      expect(linuxResources(pod, spec, capacity)).toEqual(gives)
    })
  }
})

test('the security context of the container goes before the pod’s', () => {
  const spec: ContainerSpec = {
    name: 'app',
    securityContext: {
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
    },
  }
  const securityContext = { runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [4] }
  expect(configOf(spec, { securityContext }).linux).toMatchObject({
    privileged: false,
    readonlyRootfs: true,
    runAsUser: 1000,
    runAsGroup: 2,
    supplementalGroups: [4, 3],
    addCapabilities: ['NET_ADMIN'],
    dropCapabilities: ['ALL'],
    noNewPrivileges: true,
    hostNetwork: false,
  })
})

test('a mount of the container’s own takes the place of a managed file', () => {
  const spec: ContainerSpec = { name: 'app', volumeMounts: [{ name: 'hosts', mountPath: '/etc/hosts' }] }
  expect(configOf(spec).mounts.map(({ containerPath }) => containerPath)).toEqual(['/dev/termination-log'])
})

describe('runAsNonRoot', () => {
  const image = { id: 'x', repoTags: [], repoDigests: [], sizeBytes: 1 }
  for (const { name, context, found = {}, says } of [
    { name: 'not asked for', context: {}, says: undefined },
    { name: 'a user that is not root', context: { runAsNonRoot: true, runAsUser: 7 }, says: undefined },
    { name: 'an image of another user', context: { runAsNonRoot: true }, found: { uid: 7 }, says: undefined },
    { name: 'root by the spec', context: { runAsNonRoot: true, runAsUser: 0 }, says: "container's runAsUser breaks non-root policy (container: app)" },
    { name: 'root by the image', context: { runAsNonRoot: true }, says: 'container has runAsNonRoot and image will run as root (container: app)' },
    { name: 'a user by name', context: { runAsNonRoot: true }, found: { username: 'app' }, says: 'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (container: app)' },
  ]) {
    test(name, () => {
      const verify = () => verifyNonRoot(testPod(), { name: 'app', securityContext: context }, { ...image, ...found })
      expect(messageOf(verify)).toEqual(says)
    })
  }
})

test('host ports become port mappings, but not in the node’s network', () => {
  const ports = [{ containerPort: 8080 }, { containerPort: 53, hostPort: 5353, protocol: 'UDP', hostIP: '192.168.99.11' }]
  const spec = { containers: [{ name: 'app', image: 'kubia', ports }] }
  const facts = { attempt: 0, dns: { servers: [], searches: [], options: [] }, clusterDomain: 'cluster.local', paths, cgroupRoot: '/portolan' }
  expect(sandboxConfig(testPod({ spec }), facts).portMappings).toEqual([
    { protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIP: '192.168.99.11' },
  ])
  const inNodeNetwork = sandboxConfig(testPod({ spec: { ...spec, hostNetwork: true } }), facts)
  expect(inNodeNetwork).toMatchObject({ hostNetwork: true, hostname: '', portMappings: [] })
})

function configOf(spec: ContainerSpec, more: NonNullable<PodInput['spec']> = {}) {
  return containerConfig(testPod({ spec: { containers: [spec], ...more } }), spec, {
    attempt: 0,
    streak: 0,
    terminationLog: '/state/pod-data/uid-1/containers/app/0',
    variables: new Map(),
    volumeMounts: [],
    paths,
    memoryCapacity: capacity,
  })
}

function messageOf(call: () => void): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return String((error as Error).message)
  }
}
