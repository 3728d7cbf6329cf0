import { once } from 'node:events'
import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigMaps } from '../../../api/kinds/config-map.ts'
import { Secrets } from '../../../api/kinds/secret.ts'
import { Turns } from '../../../base/turns.ts'
import { MemoryClient } from '../../../client/memory-client.ts'
import { volumeMounts } from '../mounts.ts'
import { nodePaths } from '../paths.ts'
import { apiSources } from '../sources.ts'
import type { ContainerSpec, VolumeSpec } from '../spec.ts'
import { scratchDirectory, testPod, type PodInput } from '../test-pods.ts'
import { writeAtomically } from './atomic-directory.ts'
import type { Payload } from './payload.ts'
import type { Tmpfs } from './tmpfs.ts'
import { prepareVolumes, removeVolumes, volumePath } from './volumes.ts'

const client = new MemoryClient()
client.seed(ConfigMaps, {
  metadata: { namespace: 'default', name: 'settings' },
  data: { 'a.txt': 'A', 'b.txt': 'B' },
  binaryData: { 'c.bin': Buffer.from([0, 255]).toString('base64') },
})
client.seed(Secrets, { metadata: { namespace: 'default', name: 'keys' }, data: { key: Buffer.from('secret').toString('base64') } })

const facts = { hostIP: '192.168.99.11', podIP: '', allocatable: { cpu: 2, memory: 2 ** 33, 'ephemeral-storage': 2 ** 36 } }

/** Sets up one volume of a pod and resolves to where it lies. Rejects with what is wrong with it. */
async function prepared(
  directory: string,
  volume: Omit<VolumeSpec, 'name'>,
  more: NonNullable<PodInput['spec']> = {},
  tmpfs: Tmpfs = noTmpfs,
): Promise<string> {
  const spec = { ...volume, name: 'vol' }
  const pod = testPod({ metadata: { labels: { b: '2', a: '1' } }, spec: { volumes: [spec], ...more } })
  const deps = { ...depsIn(directory), tmpfs }
  const [problem] = await prepareVolumes({ pod, sources: apiSources(client), facts }, deps)
  if (problem !== undefined) throw problem
  return volumePath(pod, spec, deps.paths)
}

const noTmpfs: Tmpfs = { mount: async () => {}, unmountUnder: async () => {} }
const depsIn = (directory: string) => ({ paths: nodePaths(directory), tmpfs: noTmpfs, volumeTurns: new Turns() })

describe('contents', () => {
  for (const { name, volume, files } of [
    { name: 'a config map', volume: { configMap: { name: 'settings' } }, files: { 'a.txt': 'A', 'b.txt': 'B', 'c.bin': '\u0000\ufffd' } },
    {
      name: 'chosen keys of a config map under other names',
      volume: { configMap: { name: 'settings', items: [{ key: 'a.txt', path: 'deep/x.txt' }] } },
      files: { 'deep/x.txt': 'A' },
    },
    { name: 'a secret', volume: { secret: { secretName: 'keys' } }, files: { key: 'secret' } },
    {
      name: 'the downward API',
      volume: {
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            { path: 'cpu', resourceFieldRef: { containerName: 'app', resource: 'limits.cpu' } },
          ],
        },
      },
      files: { labels: 'a="1"\nb="2"', cpu: '2' },
    },
    {
      name: 'several sources in one',
      volume: {
        projected: {
          sources: [
            { configMap: { name: 'settings', items: [{ key: 'a.txt', path: 'a.txt' }] } },
            { secret: { name: 'keys' } },
            { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
      files: { 'a.txt': 'A', key: 'secret', name: 'web' },
    },
    { name: 'an optional source that is missing', volume: { configMap: { name: 'none', optional: true } }, files: {} },
  ]) {
    test(name, async () => {
      await using scratch = await scratchDirectory()
      const directory = await prepared(scratch.path, volume)
      for (const [path, content] of Object.entries(files)) expect(await readFile(join(directory, path), 'utf8')).toBe(content)
      const names = (await readdir(directory)).filter((entry) => !entry.startsWith('..'))
      expect(names.sort()).toEqual([...new Set(Object.keys(files).map((path) => path.split('/')[0]))].sort())
    })
  }
})

describe('problems are named', () => {
  for (const { name, volume, says } of [
    { name: 'a missing config map', volume: { configMap: { name: 'none' } }, says: 'configmap "none" not found' },
    {
      name: 'a missing key',
      volume: { configMap: { name: 'settings', items: [{ key: 'none', path: 'none' }] } },
      says: 'configmap references non-existent config key: none',
    },
    { name: 'a host path of another type', volume: { hostPath: { path: '/dev/null', type: 'Directory' } }, says: 'hostPath type check failed: /dev/null is not a directory' },
    {
      name: 'several sources of one volume, each once',
      volume: {
        projected: {
          sources: [{ configMap: { name: 'none' } }, { secret: { name: 'none' } }, { configMap: { name: 'none' } }],
        },
      },
      says: '[configmap "none" not found, secret "none" not found]',
    },
    {
      name: 'a host path that cannot be made',
      volume: { hostPath: { path: '/dev/null/below', type: 'DirectoryOrCreate' } },
      says: 'mkdir /dev/null/below: not a directory',
    },
    {
      name: 'a token of an account that is not there',
      volume: { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } },
      says: 'failed to fetch token: serviceaccounts "default" not found',
    },
    {
      name: 'a projection that is not supported',
      volume: { projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } },
      says: 'projected source clusterTrustBundle is not supported; use configMap, secret, downwardAPI or serviceAccountToken',
    },
    { name: 'a type that is not supported', volume: { nfs: { server: 'x', path: '/' } }, says: 'volumes of type nfs are not supported; use one of emptyDir, hostPath, configMap, secret, downwardAPI and projected' },
  ]) {
    test(name, async () => {
      await using scratch = await scratchDirectory()
      const message = `MountVolume.SetUp failed for volume "vol" : ${says}`
      await expect(prepared(scratch.path, volume)).rejects.toMatchObject({ reason: 'FailedMount', message })
    })
  }
})

describe('directories', () => {
  test('an emptyDir is open to all, keeps what is in it, and goes with the pod', async () => {
    await using scratch = await scratchDirectory()
    const directory = await prepared(scratch.path, { emptyDir: {} })
    expect((await stat(directory)).mode & 0o777).toBe(0o777)
    await writeFile(join(directory, 'kept'), 'x')
    await prepared(scratch.path, { emptyDir: {} })
    expect(await readFile(join(directory, 'kept'), 'utf8')).toBe('x')
    await removeVolumes('uid-1', depsIn(scratch.path))
    await expect(stat(directory)).rejects.toThrow('ENOENT')
  })

  test('an emptyDir in memory is as large as the pod’s memory, or as it says', async () => {
    await using scratch = await scratchDirectory()
    const sizes: number[] = []
    const tmpfs = { ...noTmpfs, mount: async (_: string, sizeBytes: number) => void sizes.push(sizeBytes) }
    const limited = { containers: [{ name: 'app', image: 'kubia', resources: { limits: { memory: '64Mi' } } }] }
    await prepared(scratch.path, { emptyDir: { medium: 'Memory' } }, {}, tmpfs)
    await prepared(scratch.path, { emptyDir: { medium: 'Memory' } }, limited, tmpfs)
    await prepared(scratch.path, { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }, limited, tmpfs)
    await prepared(scratch.path, { emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } }, limited, tmpfs)
    await prepared(scratch.path, { emptyDir: { sizeLimit: '1Mi' } }, {}, tmpfs)
    expect(sizes).toEqual([2 ** 33, 2 ** 26, 2 ** 20, 2 ** 26])
  })

  test('a hostPath is made where its type says so', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, 'made/here')
    expect(await prepared(scratch.path, { hostPath: { path, type: 'DirectoryOrCreate' } })).toBe(path)
    expect((await stat(path)).isDirectory()).toBe(true)
  })
})

test('every volume that cannot be set up is told of', async () => {
  await using scratch = await scratchDirectory()
  const volumes = [
    { name: 'a', configMap: { name: 'none' } },
    { name: 'b', emptyDir: {} },
    { name: 'c', secret: { secretName: 'none' } },
  ]
  const inputs = { pod: testPod({ spec: { volumes } }), sources: apiSources(client), facts }
  const problems = await prepareVolumes(inputs, depsIn(scratch.path))
  expect(problems.map(({ message }) => message)).toEqual([
    'MountVolume.SetUp failed for volume "a" : configmap "none" not found',
    'MountVolume.SetUp failed for volume "c" : secret "none" not found',
  ])
})

describe('the type of a hostPath is checked', () => {
  for (const { type, is, isNot, noun } of [
    { type: 'Directory', is: ['folder'], isNot: 'file', noun: 'a directory' },
    { type: 'DirectoryOrCreate', is: ['folder'], isNot: 'file', noun: 'a directory' },
    { type: 'File', is: ['file'], isNot: 'folder', noun: 'a file' },
    { type: 'FileOrCreate', is: ['file'], isNot: 'folder', noun: 'a file' },
    { type: 'Socket', is: ['socket'], isNot: 'file', noun: 'a socket file' },
    { type: 'CharDevice', is: ['/dev/null'], isNot: 'file', noun: 'a character device' },
    { type: 'BlockDevice', is: [], isNot: '/dev/null', noun: 'a block device' },
  ]) {
    test(type, async () => {
      await using scratch = await scratchDirectory()
      const at = (name: string) => resolve(scratch.path, name)
      await mkdir(at('folder'))
      await writeFile(at('file'), '')
      await using server = createServer().listen(at('socket'))
      await once(server, 'listening')
      for (const path of is.map(at)) expect(await prepared(scratch.path, { hostPath: { path, type } })).toBe(path)
      const wrong = prepared(scratch.path, { hostPath: { path: at(isNot), type } })
      const says = `MountVolume.SetUp failed for volume "vol" : hostPath type check failed: ${at(isNot)} is not ${noun}`
      await expect(wrong).rejects.toMatchObject({ reason: 'FailedMount', message: says })
    })
  }

  test.each(['Directory', 'File', 'Socket', 'CharDevice', 'BlockDevice'])('%s must be there', async (type) => {
    await using scratch = await scratchDirectory()
    const missing = prepared(scratch.path, { hostPath: { path: join(scratch.path, 'none'), type } })
    await expect(missing).rejects.toThrow(`hostPath type check failed: ${scratch.path}/none is not a`)
  })

  test('FileOrCreate makes the file, but not its folder', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, 'made')
    await prepared(scratch.path, { hostPath: { path, type: 'FileOrCreate' } })
    expect((await stat(path)).isFile()).toBe(true)
    const below = prepared(scratch.path, { hostPath: { path: join(scratch.path, 'no/made'), type: 'FileOrCreate' } })
    await expect(below).rejects.toThrow(`open ${scratch.path}/no/made: no such file or directory`)
  })

  test('without a type nothing is', async () => {
    await using scratch = await scratchDirectory()
    expect(await prepared(scratch.path, { hostPath: { path: '/nowhere' } })).toBe('/nowhere')
  })
})

describe('fsGroup', () => {
  const securityContext = { fsGroup: 2000 }
  const seen = async (path: string) => {
    const { gid, uid, mode } = await lstat(path)
    return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`
  }

  test('may read the files of a volume and write an emptyDir; what is made there is the group’s', async () => {
    await using scratch = await scratchDirectory()
    const files = await prepared(scratch.path, { secret: { secretName: 'keys', defaultMode: 0o400 } }, { securityContext })
    expect(await seen(await realpath(join(files, 'key')))).toBe('0:2000 440')
    expect(await seen(dirname(await realpath(join(files, 'key'))))).toBe('0:2000 2755')
    const directory = await prepared(join(scratch.path, 'other'), { emptyDir: {} }, { securityContext })
    expect(await seen(directory)).toBe('0:2000 2777')
  })

  test('does not take the files of an emptyDir from their owners', async () => {
    await using scratch = await scratchDirectory()
    const directory = await prepared(scratch.path, { emptyDir: {} }, { securityContext })
    await writeFile(join(directory, 'mine'), '', { mode: 0o600 })
    await chown(join(directory, 'mine'), 1000, 1000)
    await symlink('/etc/passwd', join(directory, 'link'))
    await prepared(scratch.path, { emptyDir: {} }, { securityContext })
    expect(await seen(join(directory, 'mine'))).toBe('1000:2000 660')
    expect((await stat('/etc/passwd')).gid).toBe(0)
  })
})

describe('files are replaced in one step', () => {
  const payload = (files: Record<string, string>): Payload =>
    new Map(Object.entries(files).map(([path, text]) => [path, { content: Buffer.from(text), mode: 0o640 }]))

  test('each name leads through ..data', async () => {
    await using scratch = await scratchDirectory()
    await writeAtomically(scratch.path, payload({ 'a/b': '1' }))
    expect(await readlink(join(scratch.path, 'a'))).toBe('..data/a')
    expect((await lstat(join(scratch.path, 'a/b'))).mode & 0o777).toBe(0o640)
  })

  test('what did not change is left alone', async () => {
    await using scratch = await scratchDirectory()
    expect(await writeAtomically(scratch.path, payload({ a: '1' }))).toBe(true)
    const before = await readlink(join(scratch.path, '..data'))
    expect(await writeAtomically(scratch.path, payload({ a: '1' }))).toBe(false)
    expect(await readlink(join(scratch.path, '..data'))).toBe(before)
  })

  test('what is no longer wanted goes, and nothing is left over', async () => {
    await using scratch = await scratchDirectory()
    await writeAtomically(scratch.path, payload({ a: '1', b: '2' }))
    await writeAtomically(scratch.path, payload({ b: '3' }))
    const names = await readdir(scratch.path)
    expect(names.filter((name) => !name.startsWith('..'))).toEqual(['b'])
    expect(names).toHaveLength(3)
    expect(await readFile(join(scratch.path, 'b'), 'utf8')).toBe('3')
  })

  test.each(['../x', '/etc/x', '..x', 'a/../../x', ''])('a path that leads out is refused: %j', async (path) => {
    await using scratch = await scratchDirectory()
    await expect(writeAtomically(scratch.path, payload({ [path]: 'x' }))).rejects.toThrow('invalid path in volume')
  })
})

describe('sub-paths', () => {
  const mount = async (directory: string, subPath: { subPath: string } | { subPathExpr: string }) => {
    const pod = testPod({ spec: { volumes: [{ name: 'vol', hostPath: { path: directory } }] } })
    const spec = { name: 'app', volumeMounts: [{ name: 'vol', mountPath: '/data', ...subPath }] }
    return volumeMounts(pod, spec, { paths: nodePaths('/nowhere'), variables: new Map([['NAME', 'web']]) })
  }

  test('are made, also from variables, as open as their volume', async () => {
    await using scratch = await scratchDirectory()
    await chmod(scratch.path, 0o2777)
    const [found] = await mount(scratch.path, { subPathExpr: 'logs/$(NAME)' })
    expect(found).toEqual({ containerPath: '/data', hostPath: join(scratch.path, 'logs/web'), readonly: false })
    for (const made of ['logs', 'logs/web']) expect((await stat(join(scratch.path, made))).mode & 0o7777).toBe(0o2777)
  })

  test('lead to a file that is there', async () => {
    await using scratch = await scratchDirectory()
    await writeFile(join(scratch.path, 'file'), '')
    expect(await mount(scratch.path, { subPath: 'file' })).toMatchObject([{ hostPath: join(scratch.path, 'file') }])
  })

  test.each([
    [{ subPath: '../x' }, "unable to provision SubPath `../x`: must not contain '..'"],
    [{ subPath: '/etc' }, 'error SubPath `/etc` must not be an absolute path'],
    [{ subPath: 'link' }, 'failed to prepare subPath for volumeMount "vol" of container "app"'],
    [{ subPath: 'link/new' }, 'failed to prepare subPath for volumeMount "vol" of container "app"'],
    [{ subPath: 'file/new' }, 'failed to prepare subPath for volumeMount "vol" of container "app"'],
    [{ subPathExpr: 'logs/$(NONE)/$(NAME)/$$(X)' }, 'missing value for NONE'],
  ])('may not lead out of the volume, or to nowhere: %j', async (subPath, says) => {
    await using scratch = await scratchDirectory()
    const inside = join(scratch.path, 'volume')
    await mkdir(inside)
    await writeFile(join(inside, 'file'), '')
    await symlink(scratch.path, join(inside, 'link'))
    await expect(mount(inside, subPath)).rejects.toMatchObject({ reason: 'CreateContainerConfigError', message: says })
    expect(await readdir(scratch.path)).toEqual(['volume'])
  })
})

describe('mounts', () => {
  const volumes = [{ name: 'vol', emptyDir: {} }, { name: 'files', configMap: { name: 'settings' } }]
  const mounted = (...mounts: NonNullable<ContainerSpec['volumeMounts']>) =>
    volumeMounts(testPod({ spec: { volumes } }), { name: 'app', volumeMounts: mounts }, { paths: nodePaths('/state'), variables: new Map() })

  test('are absolute, and of files only read', async () => {
    expect(await mounted({ name: 'vol', mountPath: 'data' }, { name: 'files', mountPath: '/files' })).toEqual([
      { containerPath: '/data', hostPath: '/state/pod-data/uid-1/volumes/vol', readonly: false },
      { containerPath: '/files', hostPath: '/state/pod-data/uid-1/volumes/files', readonly: true },
    ])
  })

  test.each([
    ['None', undefined],
    ['HostToContainer', 'hostToContainer'],
    ['Bidirectional', 'bidirectional'],
  ])('have the propagation %s', async (mountPropagation, propagation) => {
    const [found] = await mounted({ name: 'vol', mountPath: '/data', mountPropagation })
    expect(found?.propagation).toBe(propagation)
  })

  test('can be read-only recursively only if that may be left', async () => {
    const mount = { name: 'vol', mountPath: '/data', readOnly: true }
    expect(await mounted({ ...mount, recursiveReadOnly: 'IfPossible' })).toMatchObject([{ readonly: true }])
    const problem = 'volume "vol" requested recursive read-only mode, but it is not supported by the runtime'
    await expect(mounted({ ...mount, recursiveReadOnly: 'Enabled' })).rejects.toThrow(problem)
  })

  test('need a volume', async () => {
    const missing = mounted({ name: 'none', mountPath: '/data' })
    await expect(missing).rejects.toThrow('cannot find volume "none" to mount into container "app"')
  })
})
