import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../src/api/kinds/event.ts'
import type { ContainerStatus, Pod } from '../../src/api/kinds/pod.ts'
import { parseHierarchies } from '../../src/kernel/cgroup-hierarchies.ts'
import { limitSettings, type CgroupLimits } from '../../src/kernel/cgroup-limits.ts'
import { startTestRegistry } from '../../src/node/images/test-registry.ts'
import { eventually, TestCluster } from '../test-cluster.ts'

/**
 * What surrounds the program in a container: resources, rights, image, environment, volumes; and what a user is told who
 * asks for what cannot be had. Every case has its pods in the manifest; all are created at once.
 */

const manifest = 'test/e2e/pod-environment.yaml'

let cluster: TestCluster
let registry: string
const closing: AsyncDisposable[] = []

beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-pod-env-${process.pid}`)
  await cluster.up()
  const [address = ''] = await cluster.words('node/node-1', '{.status.addresses[0].address}')
  registry = `${address}:5000`
  closing.push(await serveImages(address))
  const server = createServer().listen(join(cluster.home, 'socket'))
  await once(server, 'listening')
  closing.push(server)
  const text = await readFile(manifest, 'utf8')
  const [first = '', second = ''] = text.replaceAll('REGISTRY', registry).replaceAll('HOME', cluster.home).split('# ----\n')
  await create('first', first)
  await podThat('early', isRunning)
  await create('second', second)
})

afterAll(async () => {
  for (const each of closing) await each[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

/** A registry in the node's own network, without TLS, which containerd is told in the way that users tell it. */
async function serveImages(address: string): Promise<AsyncDisposable> {
  const { name, home } = cluster
  const settings = join(home, 'registries', registry)
  await mkdir(settings, { recursive: true })
  await writeFile(join(settings, 'hosts.toml'), `server = "http://${registry}"\n[host."http://${registry}"]\n`)
  const inside = ['env', `PORTOLAN_HOME=${home}`, './portolan', 'node', 'exec', '--name', name, 'node-1', '--'] as const
  return startTestRegistry({ directory: join(home, 'registry'), address, port: 5000, inside })
}

async function create(name: string, text: string): Promise<void> {
  const file = join(cluster.home, `${name}.yaml`)
  await writeFile(file, text)
  await cluster.kubectl('create', '-f', file)
}

interface Seen {
  readonly pods: readonly Pod[]
  readonly events: readonly Event[]
}

let underWay: Promise<Seen> | undefined

/** All pods and Events; who asks while they are being read shares the answer with who asked before. */
function look(): Promise<Seen> {
  underWay ??= read().finally(() => (underWay = undefined))
  return underWay
}

async function read(): Promise<Seen> {
  const [pods, events] = await Promise.all(['pods', 'events'].map((kind) => cluster.kubectl('get', kind, '-o', 'json')))
  return { pods: itemsOf(pods) as Pod[], events: itemsOf(events) as Event[] }
}

const itemsOf = (text = '{}') => (JSON.parse(text) as { items?: unknown[] }).items ?? []

async function podThat(name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
  let last: Pod | undefined
  try {
    return await eventually(`pod ${name}`, async () => {
      last = (await look()).pods.find(({ metadata }) => metadata.name === name)
      return last !== undefined && holds(last) && last
    })
  } catch (error) {
    throw new Error(JSON.stringify(last?.status), { cause: error })
  }
}

/** Resolves once the pod's Events, as `Type Reason subobject: message`, have all of these. */
async function eventsOf(name: string, ...wanted: readonly string[]): Promise<void> {
  let seen: string[] = []
  const missing = () => wanted.filter((text) => !seen.includes(text))
  try {
    await eventually(`events of ${name}`, async () => {
      seen = (await look()).events
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ type, reason, message, involvedObject }) => `${type} ${reason} ${involvedObject.fieldPath ?? 'pod'}: ${message}`)
      return missing().length === 0
    })
  } catch (error) {
    throw new Error(`not told:\n${missing().join('\n')}\nbut:\n${seen.join('\n')}`, { cause: error })
  }
}

function isRunning({ status }: Pod): boolean {
  return status?.containerStatuses?.every(({ state }) => state?.running !== undefined) === true
}

const statusOf = (pod: Pod, container = 'app'): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === container)

const waitingFor = (reason: string, container = 'app') => (pod: Pod) => statusOf(pod, container)?.state?.waiting?.reason === reason

/** What a shell script in a container of a running pod prints. */
async function inside(name: string, script: string, container = 'app'): Promise<string> {
  await podThat(name, isRunning)
  return (await cluster.kubectl('exec', name, '-c', container, '--', 'sh', '-c', script)).trim()
}

/** The environment that programs in a container get. No shell is asked: it would leave out names that it cannot use. */
async function variablesOf(name: string): Promise<Record<string, string>> {
  await podThat(name, isRunning)
  const lines = (await cluster.kubectl('exec', name, '--', 'env')).trim().split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)))
}

describe.concurrent('resources', () => {
  const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
  /** Resolves once the kernel has the limits for the group of pods at the path below the node's. */
  const kernelHas = (path: string, limits: CgroupLimits) =>
    eventually(`limits of ${path}`, async () => {
      const all = limitSettings(hierarchies, `/portolan/${cluster.name}/node-1/pods/${path}`, limits)
      // With v1 no limit of memory reads as a large number.
      const settings = all.filter(({ value }) => value !== '-1')
      const found = await Promise.all(settings.map(({ file }) => readFile(file, 'utf8')))
      return settings.every(({ value }, index) => found[index]?.trim() === value)
    })

  test('limits are those of the container’s and the pod’s control group', async () => {
    const pod = await podThat('guaranteed', isRunning)
    expect(pod.status?.qosClass).toBe('Guaranteed')
    const group = `guaranteed/pod${pod.metadata.uid}`
    const id = statusOf(pod)?.containerID?.replace('containerd://', '')
    await kernelHas(`${group}/${id}`, { cpuShares: 512, cpuQuotaMicros: 50_000, memoryBytes: 20 * 2 ** 20 })
    await kernelHas(group, { cpuShares: 768, cpuQuotaMicros: 75_000, memoryBytes: 32 * 2 ** 20 })
  })

  test('requests are a part of the processors, and nothing is the least', async () => {
    const [burstable, early] = await Promise.all(['burstable', 'early'].map((name) => podThat(name, isRunning)))
    expect([burstable?.status?.qosClass, early?.status?.qosClass]).toEqual(['Burstable', 'BestEffort'])
    const free = { cpuQuotaMicros: 0, memoryBytes: 0 }
    await kernelHas(`burstable/pod${burstable?.metadata.uid}`, { cpuShares: 256, ...free })
    await kernelHas(`besteffort/pod${early?.metadata.uid}`, { cpuShares: 2, ...free })
    await kernelHas('besteffort', { cpuShares: 2, ...free })
  })

  test('who takes more memory is killed, and its status says so', async () => {
    const killed = { reason: 'OOMKilled', exitCode: 137 }
    const pod = await podThat('out-of-memory', waitingFor('CrashLoopBackOff'))
    expect(statusOf(pod)).toMatchObject({ lastState: { terminated: killed }, restartCount: 1 })
  })
})

describe.concurrent('security', () => {
  test('user and groups, and a volume that they share', async () => {
    const script = `id -u; id -g; id -G; touch /shared/mine && stat -c '%u:%g %a' /shared /shared/mine; cat /keys/token`
    expect((await inside('identity', script)).split('\n')).toEqual([
      '1000',
      '3000',
      '3000 2000 4000',
      '0:2000 2777',
      '1000:2000 644',
      's3cret',
    ])
    expect(await inside('identity', 'id -u; id -g', 'root')).toBe('0\n0')
  })

  test('capabilities, escalation, seccomp, the root file system, sysctls', async () => {
    const facts = `awk '/^(CapBnd|NoNewPrivs|Seccomp):/ { print $2 }' /proc/self/status`
    const script = `${facts}; touch /file 2>&1; cat /proc/sys/net/ipv4/ip_unprivileged_port_start`
    expect((await inside('rights', script)).split('\n')).toEqual([
      // CAP_NET_ADMIN alone.
      '0000000000001000',
      '1',
      '2',
      'touch: /file: Read-only file system',
      '80',
    ])
    expect((await inside('rights', facts, 'unconfined')).split('\n')).toEqual([expect.stringMatching(/^00000000a80/), '0', '0'])
  })

  test('what tells of the machine is hidden or only read, but not from the privileged', async () => {
    const script = 'echo 50 > /proc/sys/vm/overcommit_ratio && echo written; wc -c < /proc/keys'
    expect(await inside('early', `{ ${script}; } 2>&1`)).toBe(
      'sh: can\'t create /proc/sys/vm/overcommit_ratio: Read-only file system\n0',
    )
    expect(await inside('privileged', 'mkdir /m && mount -t tmpfs none /m && echo mounted; test -w /proc/sys/kernel && echo writable')).toBe(
      'mounted\nwritable',
    )
  })

  test('runAsNonRoot', async () => {
    const pod = await podThat('non-root', waitingFor('CreateContainerConfigError', 'named'))
    const where = (name: string) => `(pod: "non-root_default(${pod.metadata.uid})", container: ${name})`
    const says = [
      `container has runAsNonRoot and image will run as root ${where('app')}`,
      `container's runAsUser breaks non-root policy ${where('named')}`,
    ]
    expect(['app', 'named'].map((name) => statusOf(pod, name)?.state?.waiting?.message)).toEqual(says)
    await eventsOf(
      'non-root',
      `Warning Failed spec.containers{app}: Error: ${says[0]}`,
      `Warning Failed spec.containers{named}: Error: ${says[1]}`,
    )
  })
})

describe.concurrent('images', () => {
  const at = 'spec.containers{app}'

  test('are pulled', async () => {
    const pod = await podThat('pulled', isRunning)
    expect(statusOf(pod)).toMatchObject({ image: `${registry}/free/web:1`, imageID: /@sha256:/ })
    await eventsOf('pulled', `Normal Pulling ${at}: Pulling image "${registry}/free/web:1"`)
    const { events } = await look()
    const words = /^Successfully pulled image "\S+" in \d+\.\d{3}s \(\d+\.\d{3}s including waiting\)\. Image size: \d+ bytes\.$/
    const told = events.find(({ involvedObject, reason }) => involvedObject.name === 'pulled' && reason === 'Pulled')
    expect(told?.message).toMatch(words)
  })

  test.each(['pulled-as-ann', 'pulled-by-account', 'pulled-by-old-form'])('are %s with a secret', async (name) => {
    expect(statusOf(await podThat(name, isRunning))).toMatchObject({ image: `${registry}/private/web:1` })
  })

  for (const { pod: name, image, says, also = [] } of [
    {
      pod: 'pulled-as-nobody',
      image: 'private/web:1',
      says: 'pulling from host REGISTRY failed with status code [manifests 1]: 401 Unauthorized',
      also: [
        'Warning FailedToRetrieveImagePullSecret pod: Unable to retrieve some image pull secrets (none); attempting to pull the image may not succeed.',
      ],
    },
    { pod: 'not-found', image: 'free/none:1', says: 'REGISTRY/free/none:1: not found' },
  ]) {
    test(`${name}: the registry’s words are told`, async () => {
      const full = `${registry}/${image}`
      const why = `failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${says.replace('REGISTRY', registry)}`
      const backOff = `Back-off pulling image "${full}"`
      const pod = await podThat(name, waitingFor('ImagePullBackOff'))
      expect(statusOf(pod)?.state?.waiting?.message).toBe(`${backOff}: ErrImagePull: ${why}`)
      await eventsOf(
        name,
        `Normal Pulling ${at}: Pulling image "${full}"`,
        `Warning Failed ${at}: Failed to pull image "${full}": ${why}`,
        `Warning Failed ${at}: Error: ErrImagePull`,
        `Normal BackOff ${at}: ${backOff}`,
        `Warning Failed ${at}: Error: ImagePullBackOff`,
        ...also,
      )
    })
  }

  test('a name that is none, and one that may not be pulled', async () => {
    const pod = await podThat('bad-images', (each) => waitingFor('ErrImageNeverPull', 'never')(each) && statusOf(each, 'built-in')?.state?.running !== undefined)
    const invalid = `Failed to apply default image tag "Alpine:3.20": couldn't parse image name "Alpine:3.20": invalid reference format: repository name (library/Alpine) must be lowercase`
    const never = `Container image "${registry}/free/never:1" is not present with pull policy of Never`
    expect(statusOf(pod)?.state?.waiting).toEqual({ reason: 'InvalidImageName', message: invalid })
    expect(statusOf(pod, 'never')?.state?.waiting?.message).toBe(never)
    await eventsOf(
      'bad-images',
      `Warning InspectFailed ${at}: ${invalid}`,
      `Warning Failed ${at}: Error: InvalidImageName`,
      `Warning ErrImageNeverPull spec.containers{never}: ${never}`,
      'Warning Failed spec.containers{never}: Error: ErrImageNeverPull',
      'Normal Pulled spec.containers{built-in}: Container image "busybox" already present on machine',
    )
  })
})

describe.concurrent('environment', () => {
  test('variables from everywhere', async () => {
    const pod = await podThat('variables', isRunning)
    const { podIP = '', hostIP = '' } = pod.status ?? {}
    const [memory = ''] = await cluster.words('node/node-1', '{.status.allocatable.memory}')
    const found = await variablesOf('variables')
    expect(found).toMatchObject({
      HOSTNAME: 'variables',
      CM_mode: 'slow',
      'CM_app.conf': 'a=1',
      CM_level: '4',
      token: 's3cret',
      NAME: 'world',
      GREETING: 'hello world $(NAME) $(LATER) s3cret',
      KEY: 'slow',
      SECRET: 's3cret',
      POD: 'variables',
      NAMESPACE: 'default',
      POD_UID: pod.metadata.uid,
      LABEL: 'front',
      NOTE: 'kept',
      NODE: 'node-1',
      ACCOUNT: 'puller',
      HOST_IP: hostIP,
      HOST_IPS: hostIP,
      POD_IP: podIP,
      POD_IPS: podIP,
      CPU: '2',
      CPU_MILLI: '1500',
      MEMORY_ASKED: '10',
      MEMORY: memory.replace('Ki', ''),
    })
    expect(found).not.toHaveProperty('MAYBE')
    expect(await cluster.kubectl('logs', 'variables')).toBe('hello world $(NAME) $(LATER) s3cret $(NONE)\n')
  })

  test('Services that were there when the container started', async () => {
    const api = ['KUBERNETES_PORT', 'KUBERNETES_PORT_443_TCP', 'KUBERNETES_PORT_443_TCP_ADDR', 'KUBERNETES_PORT_443_TCP_PORT', 'KUBERNETES_PORT_443_TCP_PROTO', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'KUBERNETES_SERVICE_PORT_HTTPS']
    const links = async (name: string) =>
      Object.fromEntries(Object.entries(await variablesOf(name)).filter(([key]) => /_(SERVICE|PORT)(_|$)/.test(key)))
    const [early, late, without] = await Promise.all(['early', 'late', 'without-links'].map(links))
    for (const few of [early, without]) expect(Object.keys(few ?? {}).sort()).toEqual(api)
    const port = (number: number) => ({
      [`KUBIA_PORT_${number}_TCP`]: `tcp://10.96.44.4:${number}`,
      [`KUBIA_PORT_${number}_TCP_ADDR`]: '10.96.44.4',
      [`KUBIA_PORT_${number}_TCP_PORT`]: String(number),
      [`KUBIA_PORT_${number}_TCP_PROTO`]: 'tcp',
    })
    expect(late).toEqual({
      ...early,
      KUBIA_SERVICE_HOST: '10.96.44.4',
      KUBIA_SERVICE_PORT: '80',
      KUBIA_SERVICE_PORT_HTTP: '80',
      KUBIA_SERVICE_PORT_HTTPS: '443',
      KUBIA_PORT: 'tcp://10.96.44.4:80',
      ...port(80),
      ...port(443),
    })
  })

  test('what is missing is named', async () => {
    const says = {
      map: 'configmap "none" not found',
      'map-key': "couldn't find key none in ConfigMap default/settings",
      secret: 'secret "none" not found',
      'secret-key': "couldn't find key none in Secret default/keys",
    }
    const pod = await podThat('bad-variables', (each) =>
      Object.keys(says).every((name) => waitingFor('CreateContainerConfigError', name)(each)),
    )
    const told = Object.keys(says).map((name) => [name, statusOf(pod, name)?.state?.waiting?.message])
    expect(Object.fromEntries(told)).toEqual(says)
    const events = Object.entries(says).map(([name, text]) => `Warning Failed spec.containers{${name}}: Error: ${text}`)
    await eventsOf('bad-variables', ...events)
  })
})

describe.concurrent('volumes', () => {
  test('an emptyDir is shared by containers; in memory it is as small as it says', async () => {
    const fill = (path: string, megabytes: number) => `dd if=/dev/zero of=${path} bs=1M count=${megabytes} 2>&1 | grep -c 'No space left'`
    const size = `df -m /bounded | awk 'END { print $2 }'`
    expect(await inside('empty-dirs', `echo hello > /disk/file; ${fill('/memory/file', 2)}; ${size}`)).toBe('1\n32')
    expect(await inside('empty-dirs', 'cat /disk/file', 'other')).toBe('hello')
  })

  test('ConfigMaps, Secrets and the pod’s fields as files', async () => {
    const modes = 'stat -L -c %a /some/deep/app.conf /keys/token /live/mode'
    const links = 'readlink /live/mode; ls /later; cat /all/mode /all/keys/token /all/name'
    expect((await inside('files', `${modes}; ${links}; echo; cat /about/labels /about/cpu; echo; touch /live/new 2>&1; true`)).split('\n')).toEqual([
      '600',
      '400',
      '644',
      '..data/mode',
      'slows3cretfiles',
      'tier="front"100',
      'touch: /live/new: Read-only file system',
    ])
    const [, claims = ''] = (await inside('files', 'cat /all/vault')).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      aud: ['vault'],
      'kubernetes.io': { pod: { name: 'files' } },
    })
  })

  test('files follow what they are made of, all at once; a part that is mounted by itself does not', async () => {
    await podThat('files', isRunning)
    const until = (condition: string) => `until ${condition}; do sleep 0.05; done`
    const follow = (condition: string) => inside('files', `timeout 30 sh -c '${until(condition)}' && echo followed`)
    await cluster.kubectl('patch', 'configmap', 'live', '--patch', '{"data": {"mode": "fast", "more": "1"}}')
    expect(await follow('grep -q fast /live/mode')).toBe('followed')
    expect(await inside('files', 'cat /live/more /once/mode')).toBe('1slow')
    await cluster.kubectl('create', 'secret', 'generic', 'later', '--from-literal=key=k')
    expect(await follow('test -f /later/key')).toBe('followed')
    await cluster.kubectl('label', 'pod', 'files', '--overwrite', 'tier=back')
    expect(await follow('grep -q back /about/labels')).toBe('followed')
  })

  test('paths of the node', async () => {
    expect(await inside('host-paths', 'echo here > /made/file; test -f /file; echo $?; touch /unchecked/new 2>&1; true')).toBe(
      '0\ntouch: /unchecked/new: Read-only file system',
    )
    expect(await readFile(join(cluster.home, 'made/here/file'), 'utf8')).toBe('here\n')
    expect((await stat(join(cluster.home, 'made/file'))).isFile()).toBe(true)
  })

  test('each that cannot be set up is told of', async () => {
    const failed = (volume: string, why: string) => `Warning FailedMount pod: MountVolume.SetUp failed for volume "${volume}" : ${why}`
    await eventsOf(
      'bad-volumes',
      failed('map', 'configmap "none" not found'),
      failed('key', 'configmap references non-existent config key: none'),
      failed('secret', 'secret "none" not found'),
      failed('secret-key', 'references non-existent secret key: none'),
      failed('directory', 'hostPath type check failed: /dev/null is not a directory'),
      failed('file', 'hostPath type check failed: /nowhere is not a file'),
      failed('socket', 'hostPath type check failed: /dev/null is not a socket file'),
      failed('character', 'hostPath type check failed: /dev is not a character device'),
      failed('block', 'hostPath type check failed: /dev/null is not a block device'),
    )
    expect(await podThat('bad-volumes', waitingFor('ContainerCreating'))).toMatchObject({ status: { phase: 'Pending' } })
  })

  test.each([
    ['nfs', { server: 'x', path: '/' }],
    ['persistentVolumeClaim', { claimName: 'x' }],
    ['csi', { driver: 'x.example' }],
    ['image', { reference: 'busybox' }],
  ])('those of the type %s are refused', async (type, source) => {
    const overrides = { spec: { volumes: [{ name: 'v', [type]: source }] } }
    const args = ['run', `refused-${type.toLowerCase()}`, '--image=busybox', `--overrides=${JSON.stringify(overrides)}`]
    const { code, stderr } = await cluster.tryKubectl(...args)
    const supported = 'emptyDir, hostPath, configMap, secret, downwardAPI, projected'
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 1,
      stderr: `The Pod "refused-${type.toLowerCase()}" is invalid: spec.volumes[0].${type}: Forbidden: this type of volume is not supported; use one of ${supported}`,
    })
  })
})

test('a command that is not there', async () => {
  const why = 'exec: "no-such-command": executable file not found in $PATH: unknown'
  const pod = await podThat('bad-command', waitingFor('CrashLoopBackOff'))
  expect(statusOf(pod)?.lastState?.terminated).toMatchObject({ reason: 'StartError', exitCode: 128, message: expect.stringContaining(why) })
  const start = 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process'
  await eventsOf('bad-command', `Warning Failed spec.containers{app}: Error: ${start}: ${why}`)
})
