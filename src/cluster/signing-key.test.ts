import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureSigningKey } from './signing-key.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-pki-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('it is made once and kept', async () => {
  const key = await ensureSigningKey(folder)
  expect(createPrivateKey(key)).toMatchObject({ asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } })
  expect(await ensureSigningKey(folder)).toBe(key)
})

test('it is readable by its owner alone', async () => {
  await ensureSigningKey(folder)
  expect((await stat(join(folder, 'sa.key'))).mode & 0o777).toBe(0o600)
})

test('a folder that is not there is told of', async () => {
  await expect(ensureSigningKey(join(folder, 'missing'))).rejects.toThrow(/ENOENT/)
})
