import { isMisprint, mostResembling } from '../../../base/resemblance.ts'
import type { KubeObject } from '../../../api/object.ts'
import type { Finding } from '../../finding.ts'
import { placeIn, withValue, type ManifestObject } from '../objects.ts'
import type { World } from './world.ts'

export interface Reference {
  /** Of the referring object. */
  readonly field: string
  /** `Service` */
  readonly kind: string
  readonly name: string
  /** What there is of this kind. */
  readonly among: readonly KubeObject[]
  readonly reason: string
  /** What comes of it: "requests to it get 503". */
  readonly consequence: string
}

/** A finding if the object that is referred to is neither in the manifests nor in the cluster. */
export function missing(object: ManifestObject, { field, kind, name, among, reason, consequence }: Reference, { isWhole }: World): readonly Finding[] {
  const { namespace = '' } = object.stored.metadata
  const inReach = among.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace).map(({ metadata }) => metadata.name)
  if (name === '' || inReach.includes(name)) return []
  const near = mostResembling(name, inReach.filter((other) => isMisprint(name, other)))
  if (near === undefined && !isWhole) return []
  const elsewhere = among.filter(({ metadata }) => metadata.name === name).map(({ metadata }) => `there is one in namespace ${metadata.namespace}, which cannot be used from ${namespace}`)
  const where = isWhole ? 'neither in the manifest nor in the cluster' : 'in the manifest'
  return [{
    reason,
    cause: `There is no ${kind} ${name} ${isWhole ? where : `${where}, but there is ${near}`}: ${consequence}`,
    evidence: [...elsewhere, ...(inReach.length === 0 ? [] : [`there are: ${inReach.slice(0, 5).join(', ')}${inReach.length > 5 ? ', …' : ''}`])],
    fix: near === undefined ? `create it, or give another name` : `write ${near}`,
    place: placeIn(object, field),
    ...(near === undefined ? {} : withValue(object, field, near)),
  }]
}
