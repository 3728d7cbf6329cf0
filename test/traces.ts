import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run, type TestCluster } from './test-cluster.ts'

/** What a cluster is known by on the machine, collected while it runs. */
export interface Marks {
  /** Any of these in a name, a path or a command line is the cluster's. */
  readonly words: readonly string[]
  /** Network namespaces that its processes are in, e.g. `net:[4026532211]`. */
  readonly namespaces: ReadonlySet<string>
  /** Sockets of its containers' shims, which lie in a folder of all containerds. */
  readonly shims: readonly string[]
  readonly apiPort: number
}

/** Call it while the cluster runs with pods: what is collected then is looked for afterwards. */
export async function marksOf({ name, home, apiPort }: Pick<TestCluster, 'name' | 'home' | 'apiPort'>): Promise<Marks> {
  const own = await readlink('/proc/self/ns/net')
  const namespaces = new Set<string>()
  for (const pid of await processIds()) {
    const inside = (await readOr(`/proc/${pid}/cgroup`)).includes(`/portolan/${name}/`)
    if (inside) namespaces.add(await readlink(`/proc/${pid}/ns/net`).catch(() => ''))
  }
  namespaces.delete('')
  namespaces.delete(own)
  const tasks = `/run/portolan/${name}/node-1/containerd/io.containerd.runtime.v2.task/k8s.io`
  const containers = await entriesOf(tasks)
  const shims = containers.map((id) => readOr(join(tasks, id, 'address')))
  return {
    // As in paths below /run, /sys/fs/cgroup and the home, in names of namespaces, and in the supervisor's arguments.
    words: [`/portolan/${name}/`, `portolan-${name}-`, `${home}/clusters/${name}/`, `${home} ${name} `, ...containers],
    namespaces,
    shims: (await Promise.all(shims)).map((address) => address.replace('unix://', '').trim()),
    apiPort,
  }
}

/**
 * Everything on the machine that is still of the cluster, one line each: processes, mounts, namespaces, files, ports.
 * Processes that have ended and that PID 1 has yet to collect are none.
 */
export async function tracesOf(marks: Marks): Promise<readonly string[]> {
  const isMarked = (text: string) => marks.words.some((word) => text.includes(word) || `${text}/`.includes(word))
  const found: string[] = []
  for (const pid of await processIds()) {
    if (/^State:\s+Z/m.test(await readOr(`/proc/${pid}/status`))) continue
    const command = (await readOr(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ')
    const namespace = await readlink(`/proc/${pid}/ns/net`).catch(() => '')
    const isOurs = isMarked(command) || isMarked(await readOr(`/proc/${pid}/cgroup`)) || marks.namespaces.has(namespace)
    if (isOurs) found.push(`process ${pid}: ${command}`)
  }
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter(isMarked)
  const namespaces = (await run('ip', ['netns', 'list'])).stdout.split('\n').filter(isMarked)
  const listening = await run('ss', ['-Hltn', 'src', '127.0.0.1', 'and', 'sport', '=', String(marks.apiPort)])
  const files = [...(await folders()), ...marks.shims].map(async (path) => ((await exists(path)) ? [path] : []))
  const paths = (await Promise.all(files)).flat().filter((path) => isMarked(path) || marks.shims.includes(path))
  return [...found, ...mounts, ...namespaces, ...paths, ...listening.stdout.split('\n').filter((line) => line !== '')]
}

/** Where clusters leave files, outside of their homes. */
async function folders(): Promise<readonly string[]> {
  const controllers = (await entriesOf('/sys/fs/cgroup')).map((controller) => `/sys/fs/cgroup/${controller}/portolan`)
  const parents = ['/run/portolan', '/run/netns', '/var/lib/cni/results', '/sys/fs/cgroup/portolan', ...controllers]
  const paths = parents.map(async (parent) => (await entriesOf(parent)).map((name) => join(parent, name)))
  return (await Promise.all(paths)).flat()
}

async function processIds(): Promise<readonly string[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
}

/** None if there is no such folder. */
function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}

/** '' if it is not there: processes end while one looks. */
function readOr(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

async function exists(path: string): Promise<boolean> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return (await entriesOf(path.slice(0, path.lastIndexOf('/')))).includes(name)
}
