import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { realProcesses } from '../../kernel/real-processes.ts'
import { directory, layer, symlink, textEntry } from './layers.ts'
import { fileContent, tarBytes, type TarEntry } from './tar.ts'

const long = `${'d'.repeat(60)}/${'e'.repeat(60)}/name`

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(tarBytes(entries)))
}

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tar-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

test('is what tar(1) lists and unpacks', async () => {
  const path = await temporary()
  const source = join(path, 'source')
  await writeFile(source, 'x'.repeat(5000))
  const entries = layer([
    textEntry('etc/größe', 'text\n', 0o640),
    symlink('bin', 'usr/bin'),
    directory('tmp', 0o1777),
    textEntry(long, ''),
    { type: 'file', path: 'big', mode: 0o755, size: 5000, content: fileContent(source) },
  ])
  const archive = join(path, 'a.tar')
  await writeFile(archive, await bytesOf(entries))
  const options = ['--quoting-style=literal', '--utc', '--numeric-owner']
  const { stdout } = await realProcesses.run(['tar', ...options, '-tvf', archive])
  expect(stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '-rwxr-xr-x 0/0 5000 1970-01-01 00:00 big',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin -> usr/bin',
    `drwxr-xr-x 0/0 0 1970-01-01 00:00 ${'d'.repeat(60)}/`,
    `drwxr-xr-x 0/0 0 1970-01-01 00:00 ${'d'.repeat(60)}/${'e'.repeat(60)}/`,
    `-rw-r--r-- 0/0 0 1970-01-01 00:00 ${long}`,
    'drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/',
    '-rw-r----- 0/0 5 1970-01-01 00:00 etc/größe',
    'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
    '',
  ])
  await realProcesses.run(['tar', '-xf', archive, '-C', path, 'big'])
  await realProcesses.run(['cmp', source, join(path, 'big')])
})

test('the order in which entries are given does not matter', async () => {
  const entries = [textEntry('b/c', '1'), textEntry('a', '2'), directory('b', 0o700)]
  expect(await bytesOf(layer(entries))).toEqual(await bytesOf(layer(entries.toReversed())))
})

test('a file that changes underneath is an error', async () => {
  const path = join(await temporary(), 'file')
  await writeFile(path, 'short')
  const entry = { type: 'file', path: 'f', mode: 0o644, size: 99, content: fileContent(path) } as const
  await expect(bytesOf([entry])).rejects.toThrow('f: 5 bytes instead of 99')
})

test('what does not fit the format is refused', async () => {
  await expect(bytesOf([textEntry('n'.repeat(101), '')])).rejects.toThrow('path too long')
  await expect(bytesOf([symlink('l', 't'.repeat(101))])).rejects.toThrow('longer than 100 bytes')
  expect(() => layer([textEntry('a', ''), textEntry('a/b', '')])).toThrow('a: both a directory and a file')
})
