import { access, mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { run } from './test-cluster.ts'

/** One kubectl of this machine. */
export interface Kubectl {
  readonly path: string
  /** `1.33.1` */
  readonly version: string
  /** 33 for 1.33.1. */
  readonly minor: number
}

export interface Kubectls {
  /** The newest first, of each minor version the newest. */
  readonly found: readonly Kubectl[]
  /** What could not be had, each with its reason. */
  readonly missing: readonly string[]
}

const debianPackage = 'kubernetes-client'
const cache = resolve(import.meta.dirname, '../.toolchain', debianPackage)

/**
 * Every kubectl: the one in PATH, those named `kubectl.1.NN` beside it, and Debian's, which is 1.20 and is unpacked into
 * a folder of the project.
 */
export async function findKubectls(): Promise<Kubectls> {
  const missing: string[] = []
  const paths = await installed()
  if (paths.length === 0) missing.push('no kubectl in PATH')
  try {
    paths.push(await debianKubectl())
  } catch (error) {
    missing.push(`Debian's ${debianPackage}: ${(error as Error).message.trim()}`)
  }
  const found = await Promise.all(paths.map(describeKubectl))
  const rising = found.sort((a, b) => compareVersions(a.version, b.version))
  return { found: [...new Map(rising.map((kubectl) => [kubectl.minor, kubectl])).values()].reverse(), missing }
}

async function installed(): Promise<string[]> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'kubectl')
    if (!(await exists(path))) continue
    const real = await realpath(path)
    const names = await readdir(dirname(real))
    return [path, ...names.filter((name) => /^kubectl\.1\.\d+$/.test(name)).map((name) => join(dirname(real), name))]
  }
  return []
}

/** Unpacked once, by way of a folder of its own: two test runs at a time do not meet. */
async function debianKubectl(): Promise<string> {
  const path = join(cache, 'usr/bin/kubectl')
  if (await exists(path)) return path
  await mkdir(dirname(cache), { recursive: true })
  const scratch = await mkdtemp(`${cache}-`)
  try {
    await must('sh', ['-c', `cd "$1" && apt-get -o APT::Sandbox::User=root download ${debianPackage}`, 'sh', scratch])
    await must('sh', ['-c', 'dpkg -x "$1"/*.deb "$1/root"', 'sh', scratch])
    await rename(join(scratch, 'root'), cache).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return path
}

async function must(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args)
  if (code !== 0) throw new Error(stderr === '' ? `exit code ${code}` : stderr)
  return stdout
}

async function describeKubectl(path: string): Promise<Kubectl> {
  const { clientVersion } = JSON.parse(await must(path, ['version', '--client', '-o', 'json'])) as { clientVersion: { gitVersion: string } }
  const version = clientVersion.gitVersion.replace(/^v/, '')
  return { path, version, minor: Number(version.split('.')[1]) }
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
