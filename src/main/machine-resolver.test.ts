import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withMachineResolver } from './machine-resolver.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'portolan-resolver-'))))
afterEach(() => rm(folder, { recursive: true }))

test.for([
  ['systemd-resolved is gone round', '127.0.0.53', '192.0.2.1', 'resolved'],
  ['a server at 127.0.0.1 is asked', '127.0.0.1', '192.0.2.1', 'resolv.conf'],
  ['a server elsewhere is asked', '192.0.2.2', '192.0.2.1', 'resolv.conf'],
  ['what systemd-resolved does not know changes nothing', '127.0.0.53', undefined, 'resolv.conf'],
] as const)('%s', async ([, own, resolved, chosen]) => {
  const files = { resolvConf: join(folder, 'resolv.conf'), resolvedsUpstreams: join(folder, 'resolved') }
  await writeFile(files.resolvConf, `nameserver ${own}\n`)
  if (resolved !== undefined) await writeFile(files.resolvedsUpstreams, `nameserver ${resolved}\n`)
  expect(await withMachineResolver(['192.0.2.9', files.resolvConf], files)).toEqual(['192.0.2.9', join(folder, chosen)])
  expect(await withMachineResolver(['192.0.2.9'], files)).toEqual(['192.0.2.9'])
})
