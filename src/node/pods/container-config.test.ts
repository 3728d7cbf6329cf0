import { describe, expect, test } from 'vitest'
import type { Image } from '../cri/runtime.ts'
import { containerConfig } from './container-config.ts'
import { nodePaths } from './paths.ts'
import { linuxResources, podResources, qosClassOf } from './resources.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { verifyNonRoot } from './security.ts'
import type { ContainerSpec } from './spec.ts'
import { testPod, type PodInput } from './test-pods.ts'

const capacity = 8 * 2 ** 30
const paths = nodePaths('/state')
const dns = { servers: [], searches: [], options: [] }
const sandboxFacts = { attempt: 0, dns, clusterDomain: 'cluster.local', paths, cgroupRoot: '/portolan' }
const testImage: Image = { id: 'x', repoTags: [], repoDigests: [], sizeBytes: 1 }

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

describe('the user', () => {
  const runAsGroup = 3000
  for (const { name, context, found, gives } of [
    { name: 'is root unless something names another', context: {}, found: {}, gives: { runAsUser: 0 } },
    { name: 'is the image’s by number', context: { runAsGroup }, found: { uid: 7 }, gives: { runAsUser: 7, runAsGroup } },
    { name: 'is the image’s by name', context: { runAsGroup }, found: { username: 'app' }, gives: { runAsUsername: 'app', runAsGroup } },
    { name: 'is that of the spec', context: { runAsUser: 5 }, found: { username: 'app' }, gives: { runAsUser: 5 } },
  ]) {
    test(name, () => {
      const { runAsUser, runAsUsername, runAsGroup: group } = configOf({ name: 'app', securityContext: context }, {}, found).linux
      expect(definedOf({ runAsUser, runAsUsername, runAsGroup: group })).toEqual(gives)
    })
  }
})

describe('kernel interfaces', () => {
  test.each([
    [undefined, 'unconfined'],
    ['Unconfined', 'unconfined'],
    ['RuntimeDefault', 'runtimeDefault'],
  ])('a seccomp profile %s is %s', (type, seccomp) => {
    const securityContext = type === undefined ? {} : { seccompProfile: { type } }
    expect(configOf({ name: 'app', securityContext }).linux.seccomp).toBe(seccomp)
    expect(configOf({ name: 'app' }, { securityContext }).linux.seccomp).toBe(seccomp)
  })

  test('of more than the container are hidden or only read, unless unmasked', () => {
    const { maskedPaths, readonlyPaths } = configOf({ name: 'app' }).linux
    expect(maskedPaths).toContain('/proc/kcore')
    expect(readonlyPaths).toContain('/proc/sys')
    const unmasked = configOf({ name: 'app', securityContext: { procMount: 'Unmasked' } }).linux
    expect(unmasked).toMatchObject({ maskedPaths: [], readonlyPaths: [] })
  })

  test.each([
    [{}, { hostNetwork: false, hostIPC: false, processes: 'container' }],
    [{ shareProcessNamespace: true }, { processes: 'pod' }],
    [{ hostPID: true, hostIPC: true, hostNetwork: true }, { hostNetwork: true, hostIPC: true, processes: 'node' }],
  ])('are shared as the pod says: %j', (spec, gives) => {
    expect(configOf({ name: 'app' }, spec).linux).toMatchObject(gives)
    expect(sandboxConfig(testPod({ spec }), sandboxFacts)).toMatchObject(gives)
  })

  test('of the pod are set by dotted names', () => {
    const sysctls = [
      { name: 'net.ipv4.tcp_syncookies', value: '1' },
      { name: 'net/ipv4/conf/eth0.1/forwarding', value: '0' },
    ]
    expect(sandboxConfig(testPod({ spec: { securityContext: { sysctls } } }), sandboxFacts).sysctls).toEqual({
      'net.ipv4.tcp_syncookies': '1',
      'net.ipv4.conf.eth0/1.forwarding': '0',
    })
  })
})

test('a sandbox is privileged if a container is', () => {
  const init = { name: 'init', image: 'kubia', securityContext: { privileged: true } }
  expect(sandboxConfig(testPod(), sandboxFacts).privileged).toBe(false)
  expect(sandboxConfig(testPod({ spec: { initContainers: [init] } }), sandboxFacts).privileged).toBe(true)
})

describe('a pod’s part of the node', () => {
  const limited = (cpu: string, memory: string) => ({ limits: { cpu, memory } })
  for (const { name, spec, gives } of [
    { name: 'is the least without requests', spec: containersWith({}), gives: { cpuShares: 2, cpuQuota: 0, memoryLimitInBytes: 0 } },
    {
      name: 'is the sum of its containers’ limits',
      spec: containersWith(limited('500m', '64Mi'), limited('1', '64Mi')),
      gives: { cpuShares: 1536, cpuQuota: 150_000, memoryLimitInBytes: 2 ** 27 },
    },
    {
      name: 'has no limit if one of its containers has none',
      spec: containersWith(limited('500m', '64Mi'), { requests: { cpu: '500m' }, limits: { memory: '64Mi' } }),
      gives: { cpuShares: 1024, cpuQuota: 0, memoryLimitInBytes: 2 ** 27 },
    },
    {
      name: 'is what an init container needs beside the sidecars before it, if that is more',
      spec: {
        initContainers: [
          { name: 'sidecar', restartPolicy: 'Always', resources: limited('250m', '32Mi') },
          { name: 'init', resources: limited('1', '96Mi') },
        ],
        ...containersWith(limited('500m', '64Mi')),
      },
      gives: { cpuShares: 1280, cpuQuota: 125_000, memoryLimitInBytes: 2 ** 27 },
    },
    {
      name: 'is what the pod as a whole asks for',
      spec: { resources: { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } }, ...containersWith({}) },
      gives: { cpuShares: 256, cpuQuota: 50_000, memoryLimitInBytes: 2 ** 26 },
    },
  ]) {
    test(name, () => {
      expect(podResources(testPod({ spec }))).toEqual(gives)
    })
  }
})

test('a mount of the container’s own takes the place of a managed file', () => {
  const spec: ContainerSpec = { name: 'app', volumeMounts: [{ name: 'hosts', mountPath: '/etc/hosts' }] }
  expect(configOf(spec).mounts.map(({ containerPath }) => containerPath)).toEqual(['/dev/termination-log'])
})

describe('runAsNonRoot', () => {
  const where = '(pod: "web_default(uid-1)", container: app)'
  for (const { name, context, found = {}, says } of [
    { name: 'not asked for', context: {}, says: undefined },
    { name: 'a user that is not root', context: { runAsNonRoot: true, runAsUser: 7 }, says: undefined },
    { name: 'an image of another user', context: { runAsNonRoot: true }, found: { uid: 7 }, says: undefined },
    { name: 'root by the spec', context: { runAsNonRoot: true, runAsUser: 0 }, says: `container's runAsUser breaks non-root policy ${where}` },
    { name: 'root by the image', context: { runAsNonRoot: true }, says: `container has runAsNonRoot and image will run as root ${where}` },
    { name: 'a user by name', context: { runAsNonRoot: true }, found: { username: 'app' }, says: `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}` },
  ]) {
    test(name, () => {
      const verify = () => verifyNonRoot(testPod(), { name: 'app', securityContext: context }, { ...testImage, ...found })
      expect(messageOf(verify)).toEqual(says)
    })
  }
})

test('host ports become port mappings, but not in the node’s network', () => {
  const ports = [{ containerPort: 8080 }, { containerPort: 53, hostPort: 5353, protocol: 'UDP', hostIP: '192.168.99.11' }]
  const spec = { containers: [{ name: 'app', image: 'kubia', ports }] }
  expect(sandboxConfig(testPod({ spec }), sandboxFacts).portMappings).toEqual([
    { protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIP: '192.168.99.11' },
  ])
  const inNodeNetwork = sandboxConfig(testPod({ spec: { ...spec, hostNetwork: true } }), sandboxFacts)
  expect(inNodeNetwork).toMatchObject({ hostNetwork: true, hostname: '', portMappings: [] })
})

function configOf(spec: ContainerSpec, more: NonNullable<PodInput['spec']> = {}, found: Partial<Image> = {}) {
  return containerConfig(testPod({ spec: { containers: [spec], ...more } }), spec, {
    image: { ...testImage, ...found },
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

function containersWith(...resources: readonly ContainerSpec['resources'][]) {
  return { containers: resources.map((each, index) => ({ name: `c${index}`, image: 'kubia', ...(each && { resources: each }) })) }
}

function definedOf(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
