import type { Kind } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { apiVersionOf } from '../api/resource.ts'
import { servedObject, type ServedForm } from './kind-registry.ts'
import type { Representation } from './negotiate.ts'
import type { Stored } from './objects.ts'
import type { LongText } from './request.ts'

/** The JSON of one object in the form asked for. */
export function representObject(form: ServedForm, stored: Stored, as: Representation, options: TableOptions): string {
  switch (as) {
    case 'object':
      return servedJson(form, stored)
    case 'metadata':
      return JSON.stringify(partialMetadata(stored.object))
    case 'table':
      return tableJson(form, [stored], { resourceVersion: stored.object.metadata.resourceVersion }, options)
    default:
      return as satisfies never
  }
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

/** The JSON of a list in the form asked for. */
export function representList(
  form: ServedForm,
  items: readonly Stored[],
  as: Representation,
  meta: ListMeta,
  options: TableOptions,
): string | LongText {
  switch (as) {
    case 'object': {
      const list = { kind: `${form.resource.kind}List`, apiVersion: apiVersionOf(form.resource), meta }
      // The items are encoded already: the list is put together from their texts.
      const parts = () => listParts(list, items.values().map((item) => servedJson(form, item)))
      return isLong(items) ? { pieces: () => inPieces(parts()) } : [...parts()].join('')
    }
    case 'metadata': {
      const list = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', meta }
      return [...listParts(list, items.values().map(({ object }) => JSON.stringify(partialMetadata(object))))].join('')
    }
    case 'table':
      return tableJson(form, items, meta, options)
    default:
      return as satisfies never
  }
}

/** In characters. */
const pieceLength = 64 * 1024
const longLength = 1024 * 1024

/** Judged by what is stored: a view may be somewhat longer or shorter. */
function isLong(items: readonly Stored[]): boolean {
  let length = 0
  for (const { entry } of items) {
    length += entry.value.length
    if (length > longLength) return true
  }
  return false
}

function* listParts(
  { kind, apiVersion, meta }: { kind: string; apiVersion: string; meta: ListMeta },
  items: Iterable<string>,
): Generator<string> {
  yield `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(meta)},"items":[`
  let separator = ''
  for (const item of items) {
    yield separator + item
    separator = ','
  }
  yield ']}'
}

function* inPieces(parts: Iterable<string>): Generator<string> {
  let piece: string[] = []
  let length = 0
  for (const part of parts) {
    piece.push(part)
    length += part.length
    if (length < pieceLength) continue
    yield piece.join('')
    piece = []
    length = 0
  }
  yield piece.join('')
}

export interface TableOptions {
  readonly now: Date
  /** What each row carries of its object. */
  readonly includeObject: 'None' | 'Metadata' | 'Object'
  /** Later events of a watch repeat no column definitions. */
  readonly withoutColumns?: boolean
}

/** The text is made once for the kind's own form, and each time for a view. */
function servedJson(form: ServedForm, stored: Stored): string {
  return form.view === undefined ? stored.json : JSON.stringify(servedObject(form, stored.object))
}

/** The JSON of a bookmark, which has nothing but metadata, in the form asked for. */
export function representBookmark(
  { kind }: ServedForm,
  bookmark: { readonly metadata: { readonly resourceVersion: string } },
  as: Representation,
  options: TableOptions,
): string {
  if (as === 'object') return JSON.stringify(bookmark)
  const { metadata } = bookmark
  const object = { ...partial, metadata }
  if (as === 'metadata') return JSON.stringify(object)
  const row = { cells: kind.columns.map(() => null), ...(options.includeObject !== 'None' && { object }) }
  return JSON.stringify(table(kind, [row], { resourceVersion: metadata.resourceVersion }, options))
}

function tableJson(form: ServedForm, items: readonly Stored[], meta: ListMeta, options: TableOptions): string {
  const { kind } = form
  const rows = items.map(({ object }) => ({
    cells: kind.columns.map((column) => column.cell(object, options.now)),
    ...(options.includeObject !== 'None' && {
      object: options.includeObject === 'Object' ? servedObject(form, object) : partialMetadata(object),
    }),
  }))
  return JSON.stringify(table(kind, rows, meta, options))
}

function table(kind: Kind, rows: readonly object[], metadata: ListMeta, options: TableOptions) {
  const columnDefinitions = kind.columns.map(({ name, type, format, description, priority }) => ({
    name,
    type: type === 'date' ? 'string' : type,
    format: format === 'date' ? '' : (format ?? ''),
    description,
    priority,
  }))
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: options.withoutColumns === true ? null : columnDefinitions,
    rows,
  }
}

const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }

function partialMetadata({ metadata }: KubeObject) {
  return { ...partial, metadata }
}
