import { createReadStream } from 'node:fs'

/**
 * What a tar archive holds, in POSIX ustar format. Owner is root and time is 1970 throughout, so that equal contents
 * give equal bytes. Paths are relative, without a leading `./`.
 */
export type TarEntry = TarDirectory | TarSymlink | TarFile

export interface TarDirectory {
  readonly type: 'directory'
  readonly path: string
  readonly mode: number
}

export interface TarSymlink {
  readonly type: 'symlink'
  readonly path: string
  readonly target: string
}

export interface TarFile {
  readonly type: 'file'
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly content: Content
}

/** Bytes, or a way to stream them: it is called once for each time that the archive is written. */
export type Content = Uint8Array | (() => AsyncIterable<Uint8Array>)

export function fileContent(path: string): Content {
  return () => createReadStream(path, { highWaterMark: 1 << 20 })
}

const blockSize = 512
const typeFlags = { file: '0', symlink: '2', directory: '5' } as const

/** The archive's bytes. Throws if a file's content is not as long as its entry says: it changed underneath. */
export async function* tarBytes(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield header(entry)
    if (entry.type !== 'file') continue
    let written = 0
    for await (const chunk of chunksOf(entry.content)) {
      written += chunk.length
      yield chunk
    }
    if (written !== entry.size) throw new Error(`${entry.path}: ${written} bytes instead of ${entry.size}`)
    yield new Uint8Array(-written & (blockSize - 1))
  }
  yield new Uint8Array(2 * blockSize)
}

async function* chunksOf(content: Content): AsyncGenerator<Uint8Array> {
  if (typeof content === 'function') yield* content()
  else yield content
}

function header(entry: TarEntry): Uint8Array {
  const block = Buffer.alloc(blockSize)
  const [prefix, name] = splitPath(entry.type === 'directory' ? `${entry.path}/` : entry.path)
  put(block, 0, 100, name)
  putOctal(block, 100, 8, entry.type === 'symlink' ? 0o777 : entry.mode)
  putOctal(block, 108, 8, 0)
  putOctal(block, 116, 8, 0)
  putOctal(block, 124, 12, entry.type === 'file' ? entry.size : 0)
  putOctal(block, 136, 12, 0)
  put(block, 156, 1, typeFlags[entry.type])
  put(block, 157, 100, entry.type === 'symlink' ? entry.target : '')
  put(block, 257, 8, 'ustar\u000000')
  put(block, 345, 155, prefix)
  // The checksum is taken with its own field full of blanks.
  block.fill(' ', 148, 156)
  putOctal(block, 148, 7, block.reduce((sum, byte) => sum + byte, 0))
  return block
}

/** Prefix and name, split at a slash so that both fit their fields. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return [prefix, name]
  }
  throw new Error(`${path}: path too long for a tar archive`)
}

function put(block: Buffer, offset: number, length: number, text: string): void {
  const bytes = Buffer.from(text)
  if (bytes.length > length) throw new Error(`${text}: longer than ${length} bytes`)
  block.set(bytes, offset)
}

/** An octal number with leading zeros and a NUL at the end. */
function putOctal(block: Buffer, offset: number, length: number, value: number): void {
  put(block, offset, length, `${value.toString(8).padStart(length - 1, '0')}\0`)
}
