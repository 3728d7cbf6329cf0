import { existsSync } from 'node:fs'
import { realProcesses } from '../src/kernel/real-processes.ts'

const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']
const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120'] as const

/** A program, and the Debian package that has it where that is not of its name. */
export type DebianProgram = string | { readonly program: string; readonly inPackage: string }

/** Programs that only benchmarks need. Installs what is missing, and says so. */
export async function installPrograms(programs: readonly DebianProgram[], say: (line: string) => void): Promise<void> {
  const all = programs.map((each) => (typeof each === 'string' ? { program: each, inPackage: each } : each))
  const missing = all
    .filter(({ program }) => !folders.some((folder) => existsSync(`${folder}/${program}`)))
    .map(({ inPackage }) => inPackage)
  if (missing.length === 0) return
  say(`installing Debian packages: ${missing.join(' ')}`)
  await realProcesses.run([...apt, 'update'])
  await realProcesses.run([...apt, '--no-install-recommends', 'install', ...missing])
}
