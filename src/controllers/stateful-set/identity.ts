import type { ControllerRevision } from '../../api/kinds/controller-revision.ts'
import type { Pod } from '../../api/kinds/pod.ts'
import { StatefulSets, type StatefulSet } from '../../api/kinds/stateful-set.ts'
import { objectKey, type Draft, type KubeObject, type ObjectKey } from '../../api/object.ts'
import { controllerReference } from '../controller-reference.ts'
import { podRevisionLabel, templateOf } from '../history/revision.ts'

const nameLabel = 'statefulset.kubernetes.io/pod-name'
const indexLabel = 'apps.kubernetes.io/pod-index'
/** `web-0`; a number with zeros in front is nobody's. */
const memberName = /^(.+)-(0|[1-9]\d{0,9})$/

/** The set that a pod of this name would be a member of, whether there is one or not. */
export function parentKeyOf({ metadata: { namespace, name } }: KubeObject): ObjectKey | undefined {
  const [, parent] = memberName.exec(name) ?? []
  return parent === undefined ? undefined : objectKey(namespace, parent)
}

/** The number at the end of the pod's name; undefined if it is not named after the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const [, parent, ordinal] = memberName.exec(pod.metadata.name) ?? []
  return parent === set.metadata.name ? Number(ordinal) : undefined
}

/** Name of the ControllerRevision that the pod was made from. */
export function revisionNameOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[podRevisionLabel]
}

/** The labels by which a Service of one member selects it. */
export function identityLabels(name: string, ordinal: number): Record<string, string> {
  return { [nameLabel]: name, [indexLabel]: String(ordinal) }
}

/** Whether the label that names the pod is there and right; pods that were adopted may lack it. */
export function hasIdentity({ metadata }: Pod): boolean {
  return metadata.labels?.[nameLabel] === metadata.name
}

/** The pod of one ordinal, from the template of a revision, with the name it has in DNS under the set's Service. */
export function memberPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Draft<Pod> {
  const { namespace, name: setName } = set.metadata
  const { metadata: { labels, annotations, finalizers } = {}, spec = { containers: [] } } = templateOf(revision)
  const { serviceName = '' } = set.spec
  const name = `${setName}-${ordinal}`
  return {
    metadata: {
      ...(namespace === undefined ? {} : { namespace }),
      name,
      generateName: `${setName}-`,
      labels: { ...labels, ...identityLabels(name, ordinal), [podRevisionLabel]: revision.metadata.name },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(set, StatefulSets)],
    },
    spec: { ...spec, hostname: name, ...(serviceName === '' ? {} : { subdomain: serviceName }) },
  }
}
