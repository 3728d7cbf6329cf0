import { stat } from 'node:fs/promises'
import type { Processes } from '../../kernel/processes.ts'
import { etcFiles, terminals, tools, type LayerName } from './catalog.ts'
import { kubiaApp } from './kubia-app.ts'
import { directory, layer, symlink, textEntry } from './layers.ts'
import { fileEntry, findProgram, libraryTarget, librariesOf, MissingPrograms, type Program } from './programs.ts'
import type { TarEntry } from './tar.ts'

/** The machine's programs that the images are made of, by layer. */
export interface BuiltinPrograms {
  readonly busybox: Program
  readonly tools: readonly Program[]
  readonly node: Program
}

const searchPath = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']
const terminfo = ['/usr/share/terminfo', '/lib/terminfo', '/usr/lib/terminfo', '/etc/terminfo']

/** Rejects with `MissingPrograms`, which names all that are missing. `nodePath` is `process.execPath`. */
export async function findBuiltinPrograms(nodePath: string): Promise<BuiltinPrograms> {
  const missing: [program: string, debianPackage: string][] = []
  const find = async (name: string, debianPackage: string): Promise<Program[]> => {
    const program = await findProgram(name, searchPath)
    if (program === undefined) missing.push([name, debianPackage])
    return program === undefined ? [] : [program]
  }
  const [busybox] = await find('busybox', 'busybox-static')
  const found: Program[] = []
  for (const [debianPackage, names] of Object.entries(tools)) {
    for (const name of names) found.push(...(await find(name, debianPackage)))
  }
  if (busybox === undefined || missing.length > 0) {
    throw new MissingPrograms(missing.map(([program]) => program), [...new Set(missing.map(([, name]) => name))])
  }
  return { busybox, tools: found, node: { name: 'node', path: nodePath } }
}

/** Every layer's entries, read from the machine. */
export async function builtinLayers(
  processes: Processes,
  programs: BuiltinPrograms,
): Promise<Readonly<Record<LayerName, readonly TarEntry[]>>> {
  return {
    busybox: await busyboxLayer(processes, programs.busybox),
    tools: await toolsLayer(processes, programs.tools),
    kubia: await kubiaLayer(processes, programs.node),
  }
}

/** The file system's frame, and busybox under every name that it answers to. */
export async function busyboxLayer(processes: Processes, busybox: Program): Promise<readonly TarEntry[]> {
  const { stdout } = await processes.run([busybox.path, '--list'])
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')
  const directories = ['dev', 'proc', 'sys', 'etc', 'run', 'usr/bin', 'usr/lib', 'usr/lib64', 'var/log']
  return layer([
    ...directories.map((path) => directory(path)),
    directory('root', 0o700),
    directory('tmp', 0o1777),
    directory('var/tmp', 0o1777),
    ...['bin', 'lib', 'lib64'].map((path) => symlink(path, `usr/${path}`)),
    symlink('sbin', 'usr/bin'),
    symlink('usr/sbin', 'bin'),
    symlink('var/run', '../run'),
    ...Object.entries(etcFiles).map(([path, text]) => textEntry(path, text)),
    ...applets.map((applet) => symlink(`usr/bin/${applet}`, 'busybox')),
    await fileEntry(busybox.path, 'usr/bin/busybox'),
    ...(await libraryEntries(processes, [busybox.path])),
  ])
}

async function toolsLayer(processes: Processes, programs: readonly Program[]): Promise<readonly TarEntry[]> {
  const entries = await Promise.all(programs.map(({ name, path }) => fileEntry(path, `usr/bin/${name}`)))
  const libraries = await libraryEntries(processes, programs.map(({ path }) => path))
  return layer([...entries, ...libraries, ...(await terminfoEntries())])
}

async function kubiaLayer(processes: Processes, node: Program): Promise<readonly TarEntry[]> {
  return layer([
    await fileEntry(node.path, 'usr/local/bin/node'),
    ...(await libraryEntries(processes, [node.path])),
    textEntry('app.js', kubiaApp),
  ])
}

/** Libraries of the programs, and those that the C library loads by itself to resolve names. */
async function libraryEntries(processes: Processes, paths: readonly string[]): Promise<readonly TarEntry[]> {
  const libraries = await librariesOf(processes, paths)
  const cLibrary = libraries.find((path) => /\/libc\.so\.\d+$/.test(path))
  if (cLibrary === undefined) return []
  const nameServices = await existing(['files', 'dns'].map((name) => cLibrary.replace(/[^/]+$/, `libnss_${name}.so.2`)))
  const all = [...libraries, ...nameServices]
  return Promise.all(all.map((path) => fileEntry(path, libraryTarget(path, cLibrary))))
}

async function terminfoEntries(): Promise<readonly TarEntry[]> {
  const described = terminals.map(async (name) => {
    const file = `${name.slice(0, 1)}/${name}`
    const [path] = await existing(terminfo.map((place) => `${place}/${file}`))
    return path === undefined ? [] : [await fileEntry(path, `usr/share/terminfo/${file}`, 0o644)]
  })
  return (await Promise.all(described)).flat()
}

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => stat(path).then(() => true, falseIfMissing)))
  return paths.filter((_, index) => found[index])
}

function falseIfMissing(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
  throw error
}
