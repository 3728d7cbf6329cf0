import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import type { PodTemplateSpec } from '../../api/kinds/pod.ts'
import { setTemplateDefaults } from '../../api/kinds/workload-spec/template.ts'
import { semanticallyEqual } from '../../api/equality.ts'
import type { Draft } from '../../api/object.ts'
import type { Claimant } from '../claims.ts'
import { controllerReference } from '../controller-reference.ts'
import { safeRevisionHash } from '../safe-hash.ts'

/** What has a history: a DaemonSet, a StatefulSet. */
export interface RevisedOwner extends Claimant {
  readonly template: PodTemplateSpec
  /** Under which its revisions carry their hash. */
  readonly hashLabel: string
  /** How many names of revisions were taken already by others. */
  readonly collisionCount: number
}

/** The label of a pod that says of which revision it is. */
export const podRevisionLabel = 'controller-revision-hash'

const maxPrefixLength = 223
const completed = new WeakMap<PodTemplateSpec, PodTemplateSpec>()

/** A revision of the owner's present template. */
export function revisionOf(owner: RevisedOwner, revision: number, collisionCount: number): Draft<ControllerRevision> {
  const { object, resource, template, hashLabel } = owner
  const { namespace, name, annotations } = object.metadata
  const data = inOrder({ spec: { template: { ...template, $patch: 'replace' } } })
  const hash = safeRevisionHash(`${JSON.stringify(data)}${collisionCount}`)
  return {
    metadata: {
      ...(namespace === undefined ? {} : { namespace }),
      name: `${name.slice(0, maxPrefixLength)}-${hash}`,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(object, resource)],
    },
    data,
    revision,
  }
}

/** The template that a revision restores; an empty one if it holds none. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = (data ?? {}) as { readonly spec?: { readonly template?: PodTemplateSpec & { $patch?: string } } }
  return complete(spec?.template ?? {})
}

/** Whether the revision is of this template; whatever a field of it that was left out means is the same. */
export function isOfTemplate(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  return semanticallyEqual(templateOf(revision), complete(template))
}

/** With the defaults of today: those of an older server must not look like another template. */
function complete(stored: PodTemplateSpec & { $patch?: string }): PodTemplateSpec {
  const known = completed.get(stored)
  if (known !== undefined) return known
  const { $patch: _, ...template } = structuredClone(stored)
  const holder: { template: PodTemplateSpec } = { template }
  setTemplateDefaults(holder)
  completed.set(stored, holder.template)
  return holder.template
}

/** Oldest first: by number, of equal numbers by age, then by name. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  const created = (one: ControllerRevision) => Date.parse(one.metadata.creationTimestamp)
  return a.revision - b.revision || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1)
}

/** The oldest of these revisions that are above the limit and not in use. A negative limit keeps all. */
export function surplusOf(
  oldestFirst: readonly ControllerRevision[],
  limit: number,
  isInUse: (revision: ControllerRevision) => boolean = () => false,
): readonly ControllerRevision[] {
  const surplus = limit < 0 ? 0 : Math.max(0, oldestFirst.length - limit)
  return oldestFirst.filter((revision) => !isInUse(revision)).slice(0, surplus)
}

/** With the keys of every object sorted, as clients write it that compare it byte by byte: `kubectl rollout undo`. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}
