import { chmod, mkdir, readdir, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkNamespaceName, type HeldRoute, type Namespaces, type Network } from './namespaces.ts'
import { planNetwork, type HeldDevice } from './network-plan.ts'
import { CommandFailed, type Processes } from './processes.ts'

const directory = '/run/netns'
/** Magic number of the file system that a bound namespace is on (NSFS_MAGIC in linux/magic.h). */
const nsfs = 0x6e736673
/** The sticky bit marks a directory as made by us, so that whoever deletes the last namespace knows to remove it. */
const madeByUs = 0o1000

/**
 * Namespaces of the kernel. They are bound by unshare(1), because `ip netns add` would also leave /run/netns bound to
 * itself for good: after `delete`, the mounts and /run/netns are as they were before `create`.
 */
export function realNamespaces(processes: Processes): Namespaces {
  // Namespaces that nothing but loopback can be in yet: asking them would double the time of a cluster's start.
  const fresh = new Set<string>()
  return {
    path: pathOf,
    async create(name) {
      if (await create(processes, name)) fresh.add(name)
    },
    async delete(name) {
      fresh.delete(name)
      await remove(processes, name)
    },
    list: async () => (await readdir(directory).catch(emptyIfMissing)).sort(),
    async apply(name, network) {
      const held = fresh.delete(name) ? [] : await devicesIn(processes, name)
      await apply(processes, name, network, planNetwork(held, network))
    },
    async deleteDevice(name, device) {
      const held = await devicesIn(processes, name)
      if (!held.some((other) => other.name === device)) return
      try {
        await processes.run(['ip', 'link', 'delete', 'dev', device], { netns: pathOf(name) })
      } catch (error) {
        // The kernel may have ended it meanwhile, with the namespace of its other end.
        if (!(error instanceof CommandFailed) || !error.stderr.includes('Cannot find device')) throw error
      }
    },
    async addresses(name) {
      const devices = await devicesIn(processes, name)
      return devices.flatMap(({ name: device, addresses }) => addresses.map((address) => ({ device, address })))
    },
    routes: (name) => routesIn(processes, name),
  }
}

function pathOf(name: string): string {
  checkNamespaceName(name)
  return join(directory, name)
}

/** Resolves to whether there was none of that name before. */
async function create(processes: Processes, name: string): Promise<boolean> {
  const path = pathOf(name)
  if (await isBound(path)) return false
  await makeFile(path)
  try {
    await processes.run(['unshare', `--net=${path}`, 'true'])
    return true
  } catch (error) {
    await remove(processes, name)
    throw error
  }
}

async function remove(processes: Processes, name: string): Promise<void> {
  const path = pathOf(name)
  // More than once if two callers created it at the same moment: the second mount covers the first.
  while (await isBound(path)) await processes.run(['umount', '--lazy', path])
  await rm(path, { force: true })
  await removeDirectory()
}

async function isBound(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === nsfs
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Once more if another cluster's `delete` took the directory away between the two steps. */
async function makeFile(path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await makeDirectory()
    try {
      return await writeFile(path, '', { flag: 'a', mode: 0o444 })
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries === 3) throw error
    }
  }
}

async function makeDirectory(): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o755 })
  if (first !== undefined) await chmod(directory, 0o755 | madeByUs)
}

async function removeDirectory(): Promise<void> {
  try {
    if (((await stat(directory)).mode & madeByUs) !== 0) await rmdir(directory)
  } catch (error) {
    // Not empty, or bound to itself by `ip netns add`: it serves others.
    if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].includes(codeOf(error) ?? '')) throw error
  }
}

async function apply(processes: Processes, name: string, network: Network, lines: readonly string[]): Promise<void> {
  const script = [...network.sysctls.map(sysctlLine), 'exec ip -batch -'].join('\n')
  await processes.run(['sh', '-ec', script], { netns: pathOf(name), input: `${lines.join('\n')}\n` })
}

/** /proc/sys/net shows the namespace of the process that looks, hence a shell inside of it. */
function sysctlLine({ key, value, optional = false }: Network['sysctls'][number]): string {
  const file = `/proc/sys/${key.replaceAll('.', '/')}`
  return `${optional ? `[ ! -e ${file} ] || ` : ''}echo ${value} > ${file}`
}

interface IpDevice {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly master?: string
  readonly linkinfo?: { readonly info_kind?: string }
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[]
}

async function devicesIn(processes: Processes, name: string | undefined): Promise<readonly HeldDevice[]> {
  const devices = await ipJson<IpDevice>(processes, ['-details', 'address'], name)
  return devices.map(({ ifname, flags, master, linkinfo, addr_info }) => ({
    name: ifname,
    kind: linkinfo?.info_kind ?? '',
    up: flags.includes('UP'),
    ...(master === undefined ? {} : { bridge: master }),
    addresses: addr_info
      .filter(({ family }) => family === 'inet')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }))
}

interface IpRoute {
  readonly dst: string
  readonly dev?: string
  readonly gateway?: string
}

async function routesIn(processes: Processes, name: string | undefined): Promise<readonly HeldRoute[]> {
  const routes = await ipJson<IpRoute>(processes, ['-4', 'route'], name)
  return routes.map(({ dst, dev, gateway }) => ({
    destination: dst === 'default' || dst.includes('/') ? dst : `${dst}/32`,
    ...(dev === undefined ? {} : { device: dev }),
    ...(gateway === undefined ? {} : { via: gateway }),
  }))
}

async function ipJson<T>(
  processes: Processes,
  args: readonly string[],
  name: string | undefined,
): Promise<readonly T[]> {
  const options = name === undefined ? {} : { netns: pathOf(name) }
  const { stdout } = await processes.run(['ip', '-json', ...args], options)
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as readonly T[]
}

function emptyIfMissing(error: unknown): string[] {
  if (codeOf(error) === 'ENOENT') return []
  throw error
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
