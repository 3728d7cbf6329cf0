import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { TestNode } from '../containerd/test-node.ts'
import { criRuntime, type CriRuntime } from '../cri/cri-runtime.ts'
import { sampleContainer, sampleSandbox } from '../cri/sample-configs.ts'
import { builtinImages } from './catalog.ts'
import { ensureSeed, seedRoot, writeBuiltinArchive, type Seed } from './seed.ts'

describe('the seed', () => {
  let directory: string
  let seed: Seed
  let both: readonly [Seed, Seed]
  const nodes: { node: TestNode; runtime: CriRuntime }[] = []
  const steps: string[] = []
  const ensure = (name: string, images = 'images') =>
    ensureSeed(
      {
        directory: join(directory, images),
        runDir: join(directory, name),
        nodePath: process.execPath,
        cniBinDir: '/usr/lib/cni',
      },
      { processes: realProcesses, clock: systemClock, progress: (step) => images === 'images' && steps.push(step) },
    )

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'seed-'))
    // Two at once: one builds, the other waits for it.
    const [one, two] = await Promise.all([ensure('run-1'), ensure('run-2'), ensure('run-2', 'others')])
    both = [one, two]
    seed = one
    for (const podCIDR of ['10.108.1.0/24', '10.108.2.0/24']) {
      const node = await TestNode.create(podCIDR)
      nodes.push({ node, runtime: criRuntime(node.options.address) })
      await seedRoot(node.options.root, seed, realProcesses)
      await node.start()
    }
  }, 120_000)
  afterAll(async () => {
    for (const { node, runtime } of nodes) {
      runtime.close()
      await node.dispose()
    }
    await rm(directory, { recursive: true, force: true })
  }, 60_000)

  function nodeAt(index: number) {
    const found = nodes[index]
    if (found === undefined) throw new Error(`no node ${index}`)
    return found
  }

  async function run(index: number, image: string, command: readonly string[] = []) {
    const { node, runtime } = nodeAt(index)
    const name = image.replace(/\W/g, '-')
    const sandbox = sampleSandbox(name, { logDirectory: join(node.directory, 'logs'), cgroupParent: node.podsCgroup })
    const dns = { servers: ['127.0.0.1'], searches: [], options: [] }
    const sandboxId = await runtime.runPodSandbox({ ...sandbox, dns })
    onTestFinished(() => runtime.removePodSandbox(sandboxId))
    const hosts = { containerPath: '/etc/hosts', hostPath: '/etc/hosts', readonly: true }
    const config = sampleContainer({ image, command, mounts: [hosts], logPath: `${name}.log` })
    const id = await runtime.createContainer(sandboxId, config, sandbox)
    await runtime.startContainer(id)
    const sh = async (script: string) => (await runtime.execSync(id, ['sh', '-c', script], 10)).stdout
    return { runtime, id, name, sh, log: join(node.directory, 'logs', `${name}.log`) }
  }

  test('is made once, in steps that are told', async () => {
    expect(both.map(({ isNew }) => isNew).sort()).toEqual([false, true])
    expect(steps).toEqual(['assembling images from installed programs', 'unpacking images'])
    expect(await ensure('run-3')).toEqual({ ...seed, isNew: false })
    expect(await readdir(join(directory, 'images'))).toEqual(['lock', `seed-${seed.key}`])
  })

  test('gives every node all images', async () => {
    const wanted = builtinImages.map(({ reference }) => reference).sort()
    for (const { runtime } of nodes) {
      expect((await runtime.listImages()).flatMap(({ repoTags }) => repoTags).sort()).toEqual(wanted)
    }
  })

  test('kubia answers with its name, resolves names, and ends at SIGTERM', async () => {
    const { runtime, id, name, sh, log } = await run(0, 'luksa/kubia')
    const ask = () => sh('curl -s http://localhost:8080')
    await expect.poll(ask, { interval: 20, timeout: 10_000 }).toBe(`You've hit ${name}\n`)
    expect(await sh('bash -c "getent hosts localhost; touch /var/ready; ls /var/ready; env | grep ^PATH="')).toMatch(
      /localhost\n\/var\/ready\nPATH=\/usr\/local\/sbin:/,
    )
    await runtime.stopContainer(id, 30)
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 0 })
    const lines = (await readFile(log, 'utf8')).split('\n').map((line) => line.split(' ').slice(3).join(' '))
    expect(lines.slice(0, 2)).toEqual(['Kubia server starting...', 'Received request from ::ffff:127.0.0.1'])
  })

  test('dnsutils has the tools of its name', async () => {
    const { sh } = await run(1, 'tutum/dnsutils', ['sleep', 'infinity'])
    const out = await sh('dig -v 2>&1; host -V 2>&1; nslookup -version 2>&1; curl -V; bash --version')
    expect(out).toMatch(/DiG 9\.[^]*host 9\.[^]*nslookup 9\.[^]*curl \d[^]*GNU bash/)
    expect(await sh('nslookup -timeout=1 -retry=0 web.example 127.0.0.1 2>&1')).toContain('connection refused')
  })

  test('busybox has its applets, also by absolute path', async () => {
    const { sh } = await run(1, 'busybox', ['sleep', 'infinity'])
    expect(await sh('/bin/ls /sbin/ip; wget -q -O - http://localhost:1 2>&1; true')).toMatch(/\/sbin\/ip\n.*refused/)
  })

  test('nodes share its files and never change them', async () => {
    const before = await fingerprint(seed.path)
    const { sh } = await run(0, 'busybox', ['sleep', 'infinity'])
    await sh('rm /bin/busybox; rm -rf /usr/bin/ls; echo changed > /etc/passwd; chmod 0 /tmp')
    const [blob = ''] = before.keys()
    const { node } = nodeAt(0)
    expect((await stat(join(node.options.root, blob))).ino).toBe((await stat(join(seed.path, blob))).ino)
    expect(await fingerprint(seed.path)).toEqual(before)
  })

  test('a root is kept, and told apart from one of other images', async () => {
    const { node } = nodeAt(0)
    expect(await seedRoot(node.options.root, seed, realProcesses)).toBe('kept')
    expect(await seedRoot(node.options.root, { ...seed, key: 'other' }, realProcesses)).toBe('outdated')
  })

  test('the archive is equal every time', async () => {
    const digests = ['a.tar', 'b.tar'].map(async (name) => {
      const file = join(directory, name)
      await writeBuiltinArchive(file, process.execPath, realProcesses)
      return (await realProcesses.run(['sha256sum', file])).stdout.split(' ')[0]
    })
    const [first, second] = await Promise.all(digests)
    expect(first).toBe(second)
  })
})

/** Content, mode and time of change of every file below, by path. */
async function fingerprint(root: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const described = files.sort().map(async (file) => {
    const { mode, mtimeMs } = await stat(file)
    const digest = createHash('sha256').update(await readFile(file)).digest('hex')
    return [file.slice(root.length), `${digest} ${mode} ${mtimeMs}`] as const
  })
  return new Map(await Promise.all(described))
}
