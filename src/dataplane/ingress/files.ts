import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backend, BackendName, Description } from './description.ts'
import { mapNames } from './description.ts'
import { files } from './main-text.ts'
import type { Slots } from './slots.ts'

/** Where HAProxy finds what it is started with. */
export interface FilePaths {
  readonly config: string
  readonly certificateList: string
  map(name: string): string
  certificate(file: string): string
}

export function filePaths(directory: string): FilePaths {
  return {
    config: join(directory, files.config),
    certificateList: join(directory, files.certificateList),
    map: (name) => join(directory, files.maps, `${name}.map`),
    certificate: (file) => join(directory, files.certificates, file),
  }
}

/** Everything that HAProxy reads at its start, by path below the directory. Pure. */
export function renderFiles(
  directory: string,
  { main, backends, maps, certificates }: Description,
  { slots, defaultCertificate }: { slots: ReadonlyMap<BackendName, Slots>; defaultCertificate: string },
): ReadonlyMap<string, string> {
  const paths = filePaths(directory)
  return new Map([
    [paths.config, main + [...backends].map(([name, backend]) => backendSection(backend, slots.get(name) ?? [])).join('')],
    [paths.certificate(files.defaultCertificate), defaultCertificate],
    ...[...certificates].map(([file, { pem }]): [string, string] => [paths.certificate(file), pem]),
    [paths.certificateList, certificateList(paths, certificates)],
    ...mapNames.map((name): [string, string] => [paths.map(name), mapText(maps[name])]),
  ])
}

function backendSection({ text, serverOptions }: Backend, slots: Slots): string {
  const lines = slots.map((address, index) => {
    const [where, state] = address === undefined ? ['0.0.0.0:1', ' disabled'] : [address, '']
    return `  server s${index + 1} ${where}${serverOptions}${state}\n`
  })
  return `${text}${lines.join('')}\n`
}

/** The first line is for those who ask for another host, or for none. Each host has a line, to come and go by itself. */
function certificateList(paths: FilePaths, certificates: Description['certificates']): string {
  const lines = [...certificates].flatMap(([file, { hosts }]) => hosts.map((host) => `${paths.certificate(file)} ${host}\n`))
  return [`${paths.certificate(files.defaultCertificate)}\n`, ...lines].join('')
}

function mapText(map: ReadonlyMap<string, string>): string {
  return [...map].map(([key, value]) => `${key} ${value}\n`).join('')
}

/** Writes them in place of what is there; keys among them are for nobody else to read. */
export async function writeFiles(directory: string, contents: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o711)
  for (const folder of [files.certificates, files.maps, files.emptyRoot]) await mkdir(join(directory, folder), { recursive: true, mode: 0o700 })
  for (const [path, text] of contents) {
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  for (const name of await readdir(join(directory, files.certificates))) {
    const path = join(directory, files.certificates, name)
    if (!contents.has(path)) await rm(path)
  }
}
