import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tokenOf } from './token-file.ts'

test('follows the file, and keeps the last token while there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-token-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'token')
  const token = tokenOf(file, 'first')
  expect(token()).toBe('first')
  writeFileSync(file, 'second\n')
  expect(token()).toBe('second')
  writeFileSync(file, '')
  expect(token()).toBe('second')
  rmSync(file)
  expect(token()).toBe('second')
})
