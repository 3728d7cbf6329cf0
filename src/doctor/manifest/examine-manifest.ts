import type { Node, YAMLMap } from 'yaml'
import type { KubeObject } from '../../api/object.ts'
import type { Schema } from '../../api/schema/schema.ts'
import type { Check, Finding } from '../finding.ts'
import { documentsIn, pairOf, rangeOf, type ManifestDocument } from './documents.ts'
import { explain } from './explain.ts'
import { foreignLine } from './foreign-lines.ts'
import { identify } from './identify.ts'
import { misfitsOf } from './misfits.ts'
import { invalidities, objectOf, Unfollowable, type ManifestObject, type ObjectDeps } from './objects.ts'
import type { Repair } from './repair.ts'
import { repaired } from './repairs.ts'
import { Source } from './source.ts'
import { yamlError } from './yaml-error.ts'

/** What is known of a manifest by itself. */
export interface ManifestExamination {
  readonly file: string
  readonly checks: readonly Check[]
  readonly findings: readonly Finding[]
  /** Those that have the fields that they are to have. */
  readonly objects: readonly ManifestObject[]
  /** Those of them that nothing is wrong with. */
  readonly valid: readonly ManifestObject[]
}

/** YAML takes it, at the beginning. */
const byteOrderMark = /^\ufeff/

/** Looks at a manifest as kubectl and the server would. Pure. */
export function examineManifest(file: string, text: string, { schema, namespace }: { schema: Schema; namespace: string }): ManifestExamination {
  const original = new Source(file, text.replace(byteOrderMark, ''))
  const foreign = foreignLine(original)
  if (foreign !== undefined) return { file, checks: [], findings: [foreign], objects: [], valid: [] }
  const { text: meant, repairs } = repaired(original.text, schema)
  const source = new Source(file, meant)
  const documents = documentsIn(meant)
  const found = documents.flatMap((document) => examineDocument(document, { source, schema, namespace }))
  const mistyped = repairs.map((repair) => findingOf(repair, original))
  const isEmpty = documents.every(({ document, objects, emptyList }) => objects.length === 0 && emptyList === undefined && document.errors.length === 0)
  return {
    file,
    checks: found.map(({ check }) => check),
    findings: [...mistyped, ...(isEmpty ? [empty(original)] : []), ...found.flatMap(({ findings }) => findings)],
    objects: found.flatMap(({ object }) => object ?? []),
    valid: found.flatMap(({ object, findings }) => (findings.length === 0 ? (object ?? []) : [])),
  }
}

interface Context {
  readonly source: Source
  readonly schema: Schema
  readonly namespace: string
}

interface Examined {
  readonly check: Check
  readonly findings: readonly Finding[]
  readonly object: ManifestObject | undefined
}

function examineDocument(document: ManifestDocument, context: Context): readonly Examined[] {
  const [error] = document.document.errors
  if (error === undefined && document.emptyList !== undefined) return [emptyList(document.emptyList, context)]
  if (error === undefined) return document.objects.map((node) => examineObject(node, document, context))
  const finding = yamlError(error, context.source)
  return [{ check: { outcome: 'failed', text: `line ${finding.place?.line}: no YAML` }, findings: [finding], object: undefined }]
}

/** kubectl calls it no object at all. */
function emptyList(list: YAMLMap, { source }: Context): Examined {
  const items = pairOf(list, 'items')
  const place = source.place(rangeOf(items?.key ?? list)[0])
  const finding = {
    reason: 'EmptyList',
    cause: items === undefined ? 'This List has no items: the objects are missing' : 'There is no object among the items of this List',
    evidence: [],
    fix: 'write the objects as items, each behind a hyphen',
    place,
    corrected: ['items:', '- apiVersion: v1', '  kind: Service', '  metadata:'],
  }
  return { check: { outcome: 'failed', text: `line ${place.line}: a List without objects` }, findings: [finding], object: undefined }
}

function examineObject(node: Node, { document }: ManifestDocument, context: Context): Examined {
  const { source, schema } = context
  const { form, findings: identity } = identify(node, source)
  const misfits = form === undefined ? [] : misfitsOf(node, form.schema, { document, schema })
  const { object, unreadable = [] } = form === undefined || misfits.some(isFatal) ? {} : readObject(node, { ...context, document, form })
  const explained = withoutRepeats(misfits.map((misfit) => explain(misfit, { object: node, type: form?.schema ?? '', schema, source })))
  // Nothing else can be said of two objects in one.
  const separator = explained.filter(({ reason }) => reason === 'MissingSeparator')
  // What a misplaced field would have said is not missed as well.
  const isWhole = misfits.every(({ what }) => what !== 'unknown-field')
  const all = [...identity, ...explained, ...unreadable, ...(object !== undefined && isWhole ? invalidities(object) : [])]
  const findings = separator.length > 0 ? separator : all
  const line = source.place(rangeOf(node)[0]).line
  const name = object === undefined ? (form?.name ?? 'an object') : nameOf(object.stored)
  const deprecation = form?.view?.deprecation
  const text = `line ${line}: ${name}${deprecation === undefined ? '' : `; ${deprecation}`}`
  return { check: { outcome: findings.length === 0 ? 'passed' : 'failed', text }, findings, object: isWhole ? object : undefined }
}

function readObject(node: Node, deps: ObjectDeps): { readonly object?: ManifestObject | undefined; readonly unreadable?: readonly Finding[] } {
  try {
    return { object: objectOf(node, deps) }
  } catch (error) {
    if (!(error instanceof Unfollowable)) throw error
    const place = deps.source.place(rangeOf(node)[0])
    return { unreadable: [{ reason: 'NotYaml', cause: `Its aliases or merges cannot be followed: ${error.message}`, evidence: [], fix: 'write the values out', place }] }
  }
}

/** Two fields may be of one mistake. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding, index) => findings.findIndex(({ cause }) => cause === finding.cause) === index)
}

function isFatal({ what }: { readonly what: string }): boolean {
  return what === 'wrong-type' || what === 'unreadable'
}

export function nameOf({ kind, metadata }: KubeObject): string {
  const { name = metadata.generateName ?? '' } = metadata
  return `${kind} ${name}${metadata.namespace === undefined ? '' : ` in namespace ${metadata.namespace}`}`
}

function findingOf({ reason, cause, fix, line, column, lines }: Repair, source: Source): Finding {
  return { reason, cause, evidence: [], fix, place: source.at(line, column), corrected: lines.slice(0, 4) }
}

function empty(source: Source): Finding {
  return {
    reason: 'EmptyManifest',
    cause: 'There is no object in it, only blanks and comments',
    evidence: [],
    fix: 'write an object, or give another file',
    place: source.at(1, 1),
  }
}
