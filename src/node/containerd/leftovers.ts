import { readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Leftovers {
  /** State directory of the containerd whose processes were killed. */
  readonly state: string
  /** `name` of its `PodNetwork`. */
  readonly networkName: string
}

const shimDirectory = '/run/containerd/s'
const cniResults = '/var/lib/cni/results'

/**
 * Removes what a containerd and its pods leave in places that cannot be chosen, when they were killed rather than
 * stopped: sockets of shims, and results of CNI plugins. Call it after all processes have ended, and before the state
 * directory goes. Files of others stay. Idempotent.
 */
export async function removeLeftovers({ state, networkName }: Leftovers): Promise<void> {
  const containers = await entriesOf(bundlesOf(state))
  for (const socket of await shimSockets(state, containers)) await rm(socket, { force: true })
  // Named `<network>-<container>-<interface>`; loopback is a network of its own, whose name all containerds share.
  const results = (await entriesOf(cniResults)).filter(
    (file) => isResultOf(networkName, file) || containers.some((id) => file.includes(`-${id}-`)),
  )
  for (const file of results) await rm(join(cniResults, file), { force: true })
  for (const directory of [shimDirectory, cniResults]) {
    await removeIfEmpty(directory)
    await removeIfEmpty(dirname(directory))
  }
}

/** Another network's name may begin with this one's: what follows must be the id of a container. */
function isResultOf(networkName: string, file: string): boolean {
  return file.startsWith(`${networkName}-`) && /^-[0-9a-f]{64}-/.test(file.slice(networkName.length))
}

/** Holds a folder for each container and sandbox. */
function bundlesOf(state: string): string {
  return join(state, 'io.containerd.runtime.v2.task', 'k8s.io')
}

/** Every shim has written down where it listens, in the directory of its container. */
async function shimSockets(state: string, containers: readonly string[]): Promise<readonly string[]> {
  const addresses = containers.map(async (id) => {
    const text = await readFile(join(bundlesOf(state), id, 'address'), 'utf8').catch(emptyIfMissing)
    return text.trim().replace(/^unix:\/\//, '')
  })
  return (await Promise.all(addresses)).filter((path) => path.startsWith(`${shimDirectory}/`))
}

function entriesOf(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return ''
  throw error
}

async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error
  })
}
