import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Processes } from '../kernel/processes.ts'
import { CommandFailed } from '../kernel/processes.ts'
import { UserError } from './user-error.ts'

/** Something that Portolan needs of the machine, and the Debian package that brings it. */
interface Requirement {
  /** Any one of these files will do. */
  readonly files: readonly string[]
  readonly package: string
}

function program(name: string, debianPackage: string): Requirement {
  return { files: ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].map((folder) => `${folder}/${name}`), package: debianPackage }
}

const requirements: readonly Requirement[] = [
  program('containerd', 'containerd'),
  program('runc', 'runc'),
  { files: ['/usr/lib/cni/ptp'], package: 'containernetworking-plugins' },
  program('nft', 'nftables'),
  program('ip', 'iproute2'),
  program('conntrack', 'conntrack'),
  program('haproxy', 'haproxy'),
  program('nsenter', 'util-linux'),
  // What the built-in images are assembled from.
  program('busybox', 'busybox-static'),
  program('dig', 'bind9-dnsutils'),
  program('curl', 'curl'),
  program('bash', 'bash'),
]

/** A set-up step that cannot be done here; the message says what to do. */
export class SetupError extends UserError {
  override readonly name = 'SetupError'
}

export interface SetupDeps {
  readonly processes: Processes
  readonly environment: NodeJS.ProcessEnv
  /** Where the machine's files are looked for; `/` unless given. */
  readonly root?: string
  say(line: string): void
}

/** What the way out of a cluster takes; clusters do without, if it cannot be had. */
const egressRequirement = program('pasta', 'passt')

/** Installs the Debian packages that are missing, kubectl included. Throws `SetupError`. */
export async function installSystemPackages(deps: SetupDeps): Promise<void> {
  const { environment, root = '/' } = deps
  const missing: string[] = []
  for (const { files, package: name } of requirements) if (!(await anyExists(root, files))) missing.push(name)
  const folders = (environment['PATH'] ?? '').split(':')
  if (!(await anyExists(root, folders.map((folder) => `${folder}/kubectl`)))) missing.push('kubernetes-client')
  if (missing.length > 0) await install(missing, [], deps)
}

/** Installs what the way out takes, or says that there is none for now. A machine without a network is not held up for long. */
export async function installEgressPackage(deps: SetupDeps): Promise<void> {
  const { root = '/', say } = deps
  if (await anyExists(root, egressRequirement.files)) return
  try {
    await install([egressRequirement.package], ['Acquire::Retries=0', 'Acquire::http::Timeout=5', 'Acquire::https::Timeout=5'], deps)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(`no way out of the cluster: ${error.message}; --no-egress does without`)
  }
}

async function install(missing: readonly string[], options: readonly string[], { processes, root = '/', say }: SetupDeps): Promise<void> {
  if (!(await anyExists(root, ['/usr/bin/apt-get']))) {
    throw new SetupError(
      `these Debian packages are missing and there is no apt-get to install them: ${missing.join(' ')}; install what brings the same programs`,
    )
  }
  say(`installing Debian packages: ${missing.join(' ')}`)
  const settings = ['DPkg::Lock::Timeout=120', ...options].flatMap((option) => ['-o', option])
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', ...settings] as const
  try {
    // Old package lists name versions that the mirrors no longer have.
    await processes.run([...apt, 'update'])
    await processes.run([...apt, '--no-install-recommends', 'install', ...missing])
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    const lines = error.stderr.trim().split('\n').slice(-3).join(' ')
    throw new SetupError(`apt-get could not install ${missing.join(' ')}: ${lines}; correct that, or install them by hand`, { cause: error })
  }
}

async function anyExists(root: string, files: readonly string[]): Promise<boolean> {
  for (const file of files) {
    try {
      await access(join(root, file), constants.X_OK)
      return true
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return false
}
