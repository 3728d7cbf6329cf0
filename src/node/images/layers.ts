import { dirname } from 'node:path'
import type { TarEntry } from './tar.ts'

/**
 * The entries of a layer in a fixed order: those given, and the directories that they are in. Of several entries for
 * one path the last one counts. Throws if one lies below what is no directory.
 */
export function layer(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>()
  for (const { path } of entries) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
      byPath.set(parent, { type: 'directory', path: parent, mode: 0o755 })
    }
  }
  for (const entry of entries) {
    if (entry.type !== 'directory' && byPath.get(entry.path)?.type === 'directory') {
      throw new Error(`${entry.path}: both a directory and a ${entry.type}`)
    }
    byPath.set(entry.path, entry)
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

export function textEntry(path: string, text: string, mode = 0o644): TarEntry {
  const content = Buffer.from(text)
  return { type: 'file', path, mode, size: content.length, content }
}

export function symlink(path: string, target: string): TarEntry {
  return { type: 'symlink', path, target }
}

export function directory(path: string, mode = 0o755): TarEntry {
  return { type: 'directory', path, mode }
}
