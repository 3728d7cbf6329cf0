import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Processes } from '../../kernel/processes.ts'
import { fileContent, type TarFile } from './tar.ts'

/** A program of this machine and the name that it gets in an image. */
export interface Program {
  readonly name: string
  /** Where it is on this machine. */
  readonly path: string
}

/** Programs that an image needs and the machine does not have. */
export class MissingPrograms extends Error {
  override readonly name = 'MissingPrograms'
  readonly programs: readonly string[]
  constructor(programs: readonly string[], packages: readonly string[]) {
    super(`not installed: ${programs.join(', ')}; install the Debian packages ${packages.join(', ')}`)
    this.programs = programs
  }
}

/** The first executable file of that name in the directories, as a shell would find it; undefined if there is none. */
export async function findProgram(name: string, directories: readonly string[]): Promise<Program | undefined> {
  for (const directory of directories) {
    const path = join(directory, name)
    if (await isExecutable(path)) return { name, path }
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return false
    throw error
  }
}

/** The shared libraries of programs, with the loader, as paths on this machine; sorted, each once. */
export async function librariesOf(processes: Processes, paths: readonly string[]): Promise<readonly string[]> {
  const script = 'for file; do echo "== $file"; LC_ALL=C ldd "$file" 2>&1 || true; done'
  const { stdout } = await processes.run(['sh', '-c', script, 'ldd', ...paths])
  const sections = stdout.split(/^== /m).slice(1)
  return [...new Set(sections.flatMap(parseLdd))].sort()
}

/**
 * The paths in what ldd(1) says of a program: its name in the first line, then lines such as
 * `libc.so.6 => /lib/libc.so.6 (0x7f…)` and `/lib64/ld.so.2 (0x7f…)`. None for a static program. Throws when a library
 * is missing, and for anything that is no program.
 */
export function parseLdd(section: string): readonly string[] {
  const [program = '', ...lines] = section.split('\n')
  const output = lines.join('\n')
  const missing = /^\s*(\S+) => not found/m.exec(output)
  if (missing !== null) throw new Error(`${program}: needs ${missing[1]}, which is not installed`)
  const paths = [...output.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path = '']) => path)
  if (paths.length === 0 && !/not a dynamic executable|statically linked/.test(output)) {
    throw new Error(`${program}: ldd says ${output.trim()}`)
  }
  return paths
}

/**
 * Where a library goes in an image whose /lib and /lib64 lead to /usr: to the same place if the loader looks there by
 * itself, else next to the C library, because images have no loader cache.
 */
export function libraryTarget(path: string, cLibrary: string): string {
  const placed = underUsr(path)
  const searched = dirname(underUsr(cLibrary))
  const standard = ['usr/lib', 'usr/lib64', searched].includes(dirname(placed))
  return standard ? placed : join(searched, basename(path))
}

function underUsr(path: string): string {
  return path.replace(/^\/(?=(?:bin|sbin|lib|lib64)\/)/, 'usr/').replace(/^\//, '')
}

/** An entry with a file's present content. Symbolic links on this machine are followed. */
export async function fileEntry(source: string, target: string, mode = 0o755): Promise<TarFile> {
  const { size } = await stat(source)
  return { type: 'file', path: target, mode, size, content: fileContent(source) }
}
