import type { PodTemplateSpec } from '../../api/kinds/pod.ts'
import type { PodTemplate } from '../../api/kinds/pod-spec/types.ts'
import { setTemplateDefaults } from '../../api/kinds/workload-spec/template.ts'
import { safeHash } from '../safe-hash.ts'

/** Tells the pods and ReplicaSets of the templates of one Deployment apart. */
export const hashLabel = 'pod-template-hash'

const texts = new WeakMap<PodTemplateSpec, string>()

/**
 * Equal for templates that mean the same, whatever ReplicaSet they are in: sorted, with all defaults, without what is
 * empty (see `semanticallyEqual`) and without the hash. Templates must not be changed once they were given here.
 */
export function templateText(template: PodTemplateSpec): string {
  const known = texts.get(template)
  if (known !== undefined) return known
  const text = JSON.stringify(canonical(plain(template)))
  texts.set(template, text)
  return text
}

/** The value of `hashLabel`; each collision that there has been gives another. */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  return safeHash(templateText(template) + (collisionCount === undefined ? '' : ` ${collisionCount}`))
}

export function withHash(template: PodTemplateSpec, hash: string) {
  const { metadata = {} } = template
  return { ...template, metadata: { ...metadata, labels: { ...metadata.labels, [hashLabel]: hash } } }
}

function plain(original: PodTemplateSpec): PodTemplate {
  const template: PodTemplate = structuredClone(original)
  setTemplateDefaults({ template })
  delete template.metadata?.labels?.[hashLabel]
  return template
}

/** Undefined for what is as good as not there. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => canonical(item) ?? null)
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const entries = Object.entries(value)
    .map(([key, field]) => [key, canonical(field)] as const)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
