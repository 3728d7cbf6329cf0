import { existsSync } from 'node:fs'
import { realProcesses } from '../src/kernel/real-processes.ts'

const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']
const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120'] as const

/** Programs that only benchmarks need, each with the Debian package of its name. Installs what is missing, and says so. */
export async function installPrograms(names: readonly string[], say: (line: string) => void): Promise<void> {
  const missing = names.filter((name) => !folders.some((folder) => existsSync(`${folder}/${name}`)))
  if (missing.length === 0) return
  say(`installing Debian packages: ${missing.join(' ')}`)
  await realProcesses.run([...apt, 'update'])
  await realProcesses.run([...apt, '--no-install-recommends', 'install', ...missing])
}
