import { isMap, type Document, type Node } from 'yaml'
import { describeFieldError, describeFieldProblem, type FieldError } from '../../api/field-error.ts'
import { unsupportedIn } from '../../api/kinds/pod-spec/unsupported-in.ts'
import { validateMetadata } from '../../api/metadata.ts'
import type { KubeObject } from '../../api/object.ts'
import { groupResource } from '../../api/resource.ts'
import { decodeObject } from '../../api/schema/decode.ts'
import type { Schema } from '../../api/schema/schema.ts'
import type { Finding } from '../finding.ts'
import { rangeOf } from './documents.ts'
import type { Form } from './forms.ts'
import { nodeAt, pathOf } from './path.ts'
import type { Source } from './source.ts'

/** An object of a manifest that is of the type that it is to be. */
export interface ManifestObject {
  readonly form: Form
  readonly node: Node
  readonly document: Document.Parsed
  readonly source: Source
  /** As it would be stored, with its defaults. */
  readonly stored: KubeObject
}

export interface ObjectDeps {
  readonly form: Form
  readonly document: Document.Parsed
  readonly source: Source
  readonly schema: Schema
  /** Of objects that name none. */
  readonly namespace: string
}

/** How often values may be repeated by aliases. */
const maxAliases = 100

/** What aliases and merges lead to cannot be written out. The message is the parser's. */
export class Unfollowable extends Error {
  override readonly name = 'Unfollowable'
}

/** Undefined if its values cannot be read, which has been told then. Throws `Unfollowable`. */
export function objectOf(node: Node, { form, document, source, schema, namespace }: ObjectDeps): ManifestObject | undefined {
  const { apiVersion, name: kindName, kind, view } = form
  const decoded = decodeObject(valueOf(node, document), form.schema, schema)
  if (decoded.error !== undefined || !isMap(node)) return undefined
  const served = { ...decoded.value, apiVersion, kind: kindName } as unknown as KubeObject
  served.metadata ??= {} as KubeObject['metadata']
  const stored = view === undefined ? served : view.toStored(served)
  if (kind.resource.namespaced && (stored.metadata.namespace ?? '') === '') stored.metadata.namespace = namespace
  kind.prepareCreate?.(stored)
  kind.setDefaults?.(stored)
  return { form, node, document, source, stored }
}

/** As JSON has it. */
function valueOf(node: Node, document: Document.Parsed): unknown {
  try {
    return JSON.parse(JSON.stringify(node.toJS(document, { maxAliasCount: maxAliases }) ?? null))
  } catch (cause) {
    // A merge of what has no fields, an anchor that is not there or not complete, too many repeats, a circle.
    throw new Unfollowable(cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause), { cause })
  }
}

/** What the server would say when the object is created. */
export function invalidities(object: ManifestObject): readonly Finding[] {
  const { form: { kind, view }, stored } = object
  const { namespaced } = kind.resource
  const errors = [
    ...unsupportedIn(groupResource(kind.resource), stored),
    ...validateMetadata(stored.metadata, { namespaced, nameRule: kind.nameRule }),
    ...kind.validate(stored),
    ...(view?.validate?.(stored, undefined) ?? []),
  ]
  const each = [...new Map(errors.map((error) => [describeFieldError(error), error])).values()]
  return each.filter((error) => !isConsequence(error, each)).map((error) => invalidity(error, object))
}

/** What is missing cannot match anything either. */
function isConsequence({ detail }: FieldError, all: readonly FieldError[]): boolean {
  return all.some(({ type, field }) => type === 'FieldValueRequired' && detail.includes(`\`${field.split('.').at(-1)}\``))
}

function invalidity(error: FieldError, object: ManifestObject): Finding {
  const served = object.form.view?.servedError?.(error) ?? error
  const isMissing = error.type === 'FieldValueRequired'
  return {
    reason: isMissing ? 'MissingField' : 'InvalidValue',
    cause: isMissing ? `${served.field} is missing${served.detail === '' ? '' : `: ${served.detail}`}` : `${served.field} cannot be so: ${describeFieldProblem(served)}`,
    evidence: [],
    fix: isMissing ? `give ${served.field}` : `correct ${served.field}`,
    place: placeOf(served.field, object),
  }
}

/** Of a field as the kind's own form names it; of the nearest above it, if it is not there. */
export function placeIn(object: ManifestObject, field: string) {
  const served = object.form.view?.servedError?.({ type: 'FieldValueInvalid', field, detail: '' }) ?? { field }
  return placeOf(served.field, object)
}

/** The line with another value of the field, if the field is there and on one line. */
export function withValue(object: ManifestObject, field: string, value: string): Pick<Finding, 'corrected'> {
  const served = object.form.view?.servedError?.({ type: 'FieldValueInvalid', field, detail: '' }) ?? { field }
  const { node, isComplete } = nodeAt(object.node, pathOf(served.field), object.document)
  const line = isComplete ? object.source.replaced(...rangeOf(node), value) : undefined
  return line === undefined ? {} : { corrected: [line] }
}

function placeOf(field: string, { node, document, source }: ManifestObject) {
  const { node: found, key, isComplete } = nodeAt(node, pathOf(field), document)
  return source.place(rangeOf(isComplete || key === undefined ? found : key)[0])
}
