import jsonPatch, { type Operation } from 'fast-json-patch'
import { badRequest, StatusError, tooLarge } from '../errors.ts'
import { isJsonObject, type JsonObject } from './json-object.ts'

const maxOperations = 10_000
/** What all copies of a patch may come to together, in characters of JSON: copies of copies double. */
const maxCopied = 3 * 1024 * 1024

/**
 * JSON patch (RFC 6902). The original is not changed. Throws 400 for what is not a JSON patch, 413 for one that
 * is out of proportion, 422 for one that does not fit the object, a failed `test` among them.
 */
export function applyJsonPatch(original: unknown, patch: unknown): unknown {
  const operations = operationsOf(patch)
  let document: unknown = structuredClone(original)
  let copied = 0
  for (const [index, operation] of operations.entries()) {
    if (operation.op === 'copy') {
      copied += sizeAt(document, operation.from)
      if (copied > maxCopied) throw tooLarge(`the copies of a JSON patch may not exceed ${maxCopied} bytes`)
    }
    document = applyOperation(document, operation, index)
  }
  return document
}

function operationsOf(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be an array of operations')
  if (patch.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`
    throw tooLarge(message)
  }
  return patch.map(operationOf)
}

const operationNames = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

function operationOf(item: unknown, index: number): Operation {
  const where = `operation ${index} of the JSON patch`
  if (!isJsonObject(item)) throw badRequest(`${where} is not an object`)
  const { op, path, from } = item
  if (typeof op !== 'string' || !operationNames.has(op)) throw badRequest(`${where} has the unknown op ${print(op)}`)
  checkPointer(path, `the path of ${where}`)
  if (op === 'move' || op === 'copy') checkPointer(from, `the from of ${where}`)
  if ((op === 'add' || op === 'replace' || op === 'test') && !Object.hasOwn(item, 'value')) {
    throw badRequest(`${where} has no value`)
  }
  return structuredClone(item) as unknown as Operation
}

function checkPointer(pointer: unknown, what: string): void {
  if (typeof pointer !== 'string' || !/^(\/|$)/.test(pointer)) {
    throw badRequest(`${what} must be a JSON pointer, but is ${print(pointer)}`)
  }
  if (/\/__proto__(\/|$)/.test(pointer)) throw badRequest(`${what} is not allowed: ${pointer}`)
}

function applyOperation(document: unknown, operation: Operation, index: number): unknown {
  if (operation.op !== 'add') checkExists(document, 'from' in operation ? operation.from : operation.path, operation)
  if (operation.path !== '') checkExists(document, operation.path.slice(0, operation.path.lastIndexOf('/')), operation)
  try {
    return jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw unfit(operation, error.message.split('\n', 1)[0] ?? '')
  }
}

/** The library would also follow what objects inherit, `/constructor/name`. */
function checkExists(document: unknown, pointer: string, operation: Operation): void {
  let at: unknown = document
  for (const segment of pointer.split('/').slice(1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) throw unfit(operation, 'no such path')
    at = (at as JsonObject)[key]
  }
}

function unfit({ op, path }: Operation, why: string): StatusError {
  const lead = 'the server rejected our request due to an error in our request'
  return new StatusError(422, 'Invalid', `${lead}: ${op} ${path}: ${why}`)
}

function sizeAt(document: unknown, pointer: string): number {
  const value: unknown = jsonPatch.getValueByPointer(document, pointer)
  return JSON.stringify(value ?? null).length
}

function print(value: unknown): string {
  return JSON.stringify(value) ?? 'missing'
}
