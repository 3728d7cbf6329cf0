import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigMaps } from '../../../api/kinds/config-map.ts'
import { Secrets } from '../../../api/kinds/secret.ts'
import { MemoryClient } from '../../../client/memory-client.ts'
import { volumeMounts } from '../mounts.ts'
import { nodePaths } from '../paths.ts'
import { apiSources } from '../sources.ts'
import type { VolumeSpec } from '../spec.ts'
import { scratchDirectory, testPod } from '../test-pods.ts'
import { writeAtomically } from './atomic-directory.ts'
import type { Payload } from './payload.ts'
import { prepareVolumes, removeVolumes, volumePath } from './volumes.ts'

const client = new MemoryClient()
client.seed(ConfigMaps, {
  metadata: { namespace: 'default', name: 'settings' },
  data: { 'a.txt': 'A', 'b.txt': 'B' },
  binaryData: { 'c.bin': Buffer.from([0, 255]).toString('base64') },
})
client.seed(Secrets, { metadata: { namespace: 'default', name: 'keys' }, data: { key: Buffer.from('secret').toString('base64') } })

const facts = { hostIP: '192.168.99.11', podIP: '', allocatable: { cpu: 2, memory: 2 ** 33, 'ephemeral-storage': 2 ** 36 } }

async function prepared(directory: string, volume: Omit<VolumeSpec, 'name'>): Promise<string> {
  const paths = nodePaths(directory)
  const spec = { ...volume, name: 'vol' }
  const pod = testPod({ metadata: { labels: { b: '2', a: '1' } }, spec: { volumes: [spec] } })
  await prepareVolumes({ pod, sources: apiSources(client), facts }, { paths, tmpfs: noTmpfs })
  return volumePath(pod, spec, paths)
}

const noTmpfs = { mount: async () => {}, unmountUnder: async () => {} }

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
    await removeVolumes('uid-1', { paths: nodePaths(scratch.path), tmpfs: noTmpfs })
    await expect(stat(directory)).rejects.toThrow('ENOENT')
  })

  test('a hostPath is made where its type says so', async () => {
    await using scratch = await scratchDirectory()
    const path = join(scratch.path, 'made/here')
    expect(await prepared(scratch.path, { hostPath: { path, type: 'DirectoryOrCreate' } })).toBe(path)
    expect((await stat(path)).isDirectory()).toBe(true)
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

  test('are made, also from variables', async () => {
    await using scratch = await scratchDirectory()
    const [found] = await mount(scratch.path, { subPathExpr: 'logs/$(NAME)' })
    expect(found).toEqual({ containerPath: '/data', hostPath: join(scratch.path, 'logs/web'), readonly: false })
    expect((await stat(join(scratch.path, 'logs/web'))).isDirectory()).toBe(true)
  })

  test('may not lead out of the volume', async () => {
    await using scratch = await scratchDirectory()
    const inside = join(scratch.path, 'volume')
    await mkdir(inside)
    await symlink(scratch.path, join(inside, 'link'))
    for (const subPath of ['../x', '/etc', 'link']) {
      await expect(mount(inside, { subPath })).rejects.toThrow('leads out of its volume')
    }
  })
})
