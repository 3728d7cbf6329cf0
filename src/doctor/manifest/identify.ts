import { isMap, isScalar, type Node, type YAMLMap } from 'yaml'
import { mostResembling } from '../../base/resemblance.ts'
import type { Finding } from '../finding.ts'
import { keyOf, pairOf, rangeOf } from './documents.ts'
import { forms, type Form } from './forms.ts'
import type { Source } from './source.ts'

/** What an object claims to be. */
export interface Identity {
  /** What it is, or is meant to be; undefined if that cannot be told. */
  readonly form: Form | undefined
  readonly findings: readonly Finding[]
}

/** What has changed between versions of old and today's, by kind: what else is to be changed in a manifest. */
const changes: Readonly<Record<string, string>> = {
  Deployment: 'since apps/v1 spec.selector is required, and cannot be changed',
  ReplicaSet: 'since apps/v1 spec.selector is required, and cannot be changed',
  DaemonSet: 'since apps/v1 spec.selector is required, and spec.templateGeneration is gone',
  StatefulSet: 'since apps/v1 spec.selector is required',
  EndpointSlice: 'since discovery.k8s.io/v1 `topology` is called deprecatedTopology, and nodeName and zone are fields of endpoints',
}

export function identify(object: Node, source: Source): Identity {
  if (!isMap(object)) return { form: undefined, findings: [noObject(object, source)] }
  const version = textAt(object, 'apiVersion')
  const name = textAt(object, 'kind')
  const form = forms.find((each) => each.apiVersion === version && each.name === name)
  if (form !== undefined) return { form, findings: [] }
  const missing = missingKeys(object, source)
  if (name === undefined) return { form: undefined, findings: missing }
  const meant = formNamed(name)
  if (meant === undefined) return { form: undefined, findings: [...missing, notServed(object, { name, version }, source)] }
  // A misprint of the version's key is told by the key itself.
  const wrongVersion = version === undefined || sameKind(meant.name).some(({ apiVersion }) => apiVersion === version) ? [] : [otherVersion(object, { version, meant }, source)]
  const wrongName = meant.name === name ? [] : [otherName(object, { name, meant }, source)]
  const served = sameKind(meant.name).find(({ apiVersion }) => apiVersion === version) ?? meant
  return { form: served, findings: [...missing, ...wrongName, ...wrongVersion] }
}

/** Of what comes before the fields of a kind. */
const leading = ['apiVersion', 'kind', 'metadata', 'spec']

/** The text of a field, also under a name that was meant for it. */
function textAt(object: YAMLMap, name: string): string | undefined {
  const value = (pairOf(object, name) ?? misprinted(object, name))?.value
  return isScalar(value) && value.value !== null ? String(value.value) : undefined
}

function misprinted(object: YAMLMap, name: string) {
  return object.items.find((pair) => mostResembling(keyOf(pair) ?? '', leading) === name)
}

function sameKind(name: string): readonly Form[] {
  return forms.filter((form) => form.name === name)
}

/** `Service` for `service`, `Services`, `Sevice`, `svc`. */
function formNamed(name: string): Form | undefined {
  const exact = forms.find((form) => form.name === name)
  const lower = name.toLowerCase()
  const known = forms.find(({ name: own, plural, kind }) => [own.toLowerCase(), plural, ...(kind.resource.shortNames ?? [])].includes(lower))
  const near = mostResembling(name, forms.map((form) => form.name))
  return exact ?? known ?? forms.find((form) => form.name === near)
}

function noObject(node: Node, source: Source): Finding {
  return {
    reason: 'NoObject',
    cause: 'This is no object: an object has fields, such as apiVersion, kind, metadata and spec, each with a colon and a blank behind its name',
    evidence: [],
    fix: 'begin with apiVersion and kind',
    place: source.place(rangeOf(node)[0]),
    corrected: ['apiVersion: v1', 'kind: Service', 'metadata:', '  name: kubia'],
  }
}

function missingKeys(object: YAMLMap, source: Source): readonly Finding[] {
  return ['apiVersion', 'kind'].filter((name) => textAt(object, name) === undefined).map((name) => {
    const kind = name === 'apiVersion' ? textAt(object, 'kind') : undefined
    const form = kind === undefined ? undefined : formNamed(kind)
    const line = name === 'apiVersion' ? `apiVersion: ${form?.apiVersion ?? 'v1'}` : 'kind: Service'
    return {
      reason: 'MissingKind',
      cause: `The object does not say its ${name}, without which nobody knows what it is`,
      evidence: [],
      fix: name === 'apiVersion' ? 'say which version of the API it is written for' : 'say what it is, such as Service',
      place: source.place(rangeOf(object)[0]),
      corrected: [line],
    }
  })
}

function notServed(object: YAMLMap, { name, version = 'no apiVersion' }: { name: string; version: string | undefined }, source: Source): Finding {
  const names = [...new Set(forms.map((form) => form.name))].sort()
  return {
    reason: 'KindNotServed',
    cause: `No kind ${name} (${version}) is served here`,
    evidence: [`kinds that are: ${names.join(', ')}`],
    fix: 'leave the object out, or use one of these kinds',
    place: placeOfValue(object, 'kind', source),
  }
}

function otherName(object: YAMLMap, { name, meant }: { name: string; meant: Form }, source: Source): Finding {
  return {
    reason: 'UnknownKind',
    cause: `There is no kind ${name}: it is called ${meant.name}`,
    evidence: [],
    fix: `write ${meant.name}`,
    ...replacedValue(object, 'kind', meant.name, source),
  }
}

function otherVersion(object: YAMLMap, { version, meant }: { version: string; meant: Form }, source: Source): Finding {
  const served = sameKind(meant.name).map(({ apiVersion }) => apiVersion)
  const change = changes[meant.name]
  return {
    reason: 'WrongApiVersion',
    cause: `There is no ${meant.name} in ${version}: it is in ${served.join(', ')}`,
    evidence: change === undefined || !/alpha|beta/.test(version) ? [] : [change],
    fix: `write ${meant.apiVersion}`,
    ...replacedValue(object, 'apiVersion', meant.apiVersion, source),
  }
}

function placeOfValue(object: YAMLMap, name: string, source: Source) {
  return source.place(rangeOf((pairOf(object, name) ?? misprinted(object, name))?.value)[0])
}

function replacedValue(object: YAMLMap, name: string, by: string, source: Source): Pick<Finding, 'place' | 'corrected'> {
  const [from, to] = rangeOf((pairOf(object, name) ?? misprinted(object, name))?.value)
  const line = source.replaced(from, to, by)
  return { place: source.place(from), ...(line === undefined ? {} : { corrected: [line] }) }
}
