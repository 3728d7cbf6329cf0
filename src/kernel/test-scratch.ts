import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestNetwork } from './test-network.ts'

/** A directory that is gone with all that is in it when it is disposed of. */
export async function scratch(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'kernel-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Path of a network namespace that ends with `cleanup`. */
export async function newNamespace(cleanup: AsyncDisposableStack): Promise<string> {
  return (await cleanup.use(new TestNetwork()).namespace('node')).path
}
