import { badRequest } from '../api/errors.ts'

/** The opaque `continue` token of a page: all pages are read at one revision, each starting after a key. */
export function encodeContinue(revision: number, after: string): string {
  return Buffer.from(JSON.stringify([revision, after])).toString('base64url')
}

/** Throws a 400 for anything that `encodeContinue` did not make of a key under the prefix. */
export function decodeContinue(token: string, prefix: string): { revision: number; after: string } {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw notOurs()
  }
  if (!Array.isArray(value)) throw notOurs()
  const [revision, after] = value
  if (!Number.isSafeInteger(revision) || revision < 0) throw notOurs()
  if (typeof after !== 'string' || !after.startsWith(prefix)) throw notOurs()
  return { revision, after }
}

function notOurs() {
  return badRequest('continue key is not valid: it must be a token from an earlier answer to the same list')
}
