import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { realProcesses } from '../../kernel/real-processes.ts'
import { writeArchive } from './archive.ts'
import { busyboxLayer } from './builtin-layers.ts'
import { findProgram } from './programs.ts'

export interface TestRegistryOptions {
  /** For its files. */
  readonly directory: string
  readonly address: string
  readonly port: number
  /** What runs a command where the registry is to be. */
  readonly inside: readonly [string, ...string[]]
}

/** The same image, which sleeps: `free/web:1` for everybody, `private/web:1` for `ann:secret`. */
const repositories = ['free/web:1', 'private/web:1']

/** A registry of its own for tests, without TLS. Disposing of it ends it. */
export async function startTestRegistry(options: TestRegistryOptions): Promise<AsyncDisposable> {
  const { directory, address, port, inside } = options
  await writeLayout(directory)
  const program = join(import.meta.dirname, 'test-registry-program.ts')
  const [command, ...words] = [...inside, process.execPath, program, directory, address, String(port)] as const
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const [ready] = await Promise.race([once(child.stdout, 'data'), ended.then(() => ['it ended'])])
  if (String(ready) !== 'ready\n') throw new Error(`the test registry did not start: ${ready}`)
  return { [Symbol.asyncDispose]: () => end(child, ended) }
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill()
  await ended
}

async function writeLayout(directory: string): Promise<void> {
  const busybox = await findProgram('busybox', ['/usr/bin', '/bin'])
  if (busybox === undefined) throw new Error('these tests need the Debian package busybox-static')
  await mkdir(directory, { recursive: true })
  const archive = join(directory, 'images.tar')
  await writeArchive(archive, {
    // Not the image that anything else is.
    images: repositories.map((name) => ({
      reference: `registry/${name}`,
      layers: ['busybox'],
      config: { entrypoint: ['busybox', 'sleep', '86400'] },
    })),
    layers: { busybox: await busyboxLayer(realProcesses, busybox) },
  })
  await realProcesses.run(['tar', '--extract', '--file', archive, '--directory', directory])
}
