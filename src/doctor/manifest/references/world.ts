import type { IngressClass } from '../../../api/kinds/ingress-class.ts'
import type { Pod, PodSpec } from '../../../api/kinds/pod.ts'
import type { Service } from '../../../api/kinds/service.ts'
import type { KubeObject } from '../../../api/object.ts'

/** What a cluster has that manifests refer to. */
export interface ClusterObjects {
  readonly services: readonly Service[]
  readonly pods: readonly Pod[]
  readonly secrets: readonly KubeObject[]
  readonly configMaps: readonly KubeObject[]
  readonly classes: readonly IngressClass[]
  readonly namespaces: readonly KubeObject[]
}

/** What there will be when the manifests are applied. */
export interface World extends ClusterObjects {
  /** Without a cluster nobody knows what else there is. */
  readonly isWhole: boolean
}

const empty: ClusterObjects = { services: [], pods: [], secrets: [], configMaps: [], classes: [], namespaces: [] }

/** What is in manifests stands for what is in the cluster under the same name. */
export function worldOf(manifests: readonly KubeObject[], cluster: ClusterObjects | undefined): World {
  const there = cluster ?? empty
  const named = manifests.filter(({ metadata }) => (metadata.name ?? '') !== '')
  const own = <T extends KubeObject>(kind: string) => named.filter((object): object is T => object.kind === kind)
  return {
    services: [...own<Service>('Service'), ...there.services],
    pods: [...named.flatMap(podsOf), ...there.pods],
    secrets: [...own('Secret'), ...there.secrets],
    configMaps: [...own('ConfigMap'), ...there.configMaps],
    classes: [...own<IngressClass>('IngressClass'), ...there.classes],
    namespaces: [...own('Namespace'), ...there.namespaces],
    isWhole: cluster !== undefined,
  }
}

/** An object that makes pods. */
interface Workload extends KubeObject {
  readonly spec: { readonly template?: { readonly metadata?: { readonly labels?: Record<string, string> }; readonly spec?: PodSpec } }
}

/** The pods that an object is or will make, by a name that says so; also of one that is not valid, which is told elsewhere. */
export function podsOf(object: KubeObject): readonly Pod[] {
  if (object.kind === 'Pod') return [podLike(object, (object as Pod).spec)]
  const { template } = (object as Workload).spec ?? {}
  if (template?.spec === undefined) return []
  const { labels = {} } = template.metadata ?? {}
  return [podLike({ metadata: { ...object.metadata, name: `of ${object.kind} ${object.metadata.name}`, labels } }, template.spec)]
}

function podLike({ metadata }: Pick<KubeObject, 'metadata'>, spec: PodSpec | undefined): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, containers: spec?.containers ?? [] } }
}

/** Where an object has the pods' fields: `spec`, `spec.template.spec`. */
export function podSpecIn(object: KubeObject): { readonly spec: PodSpec; readonly path: string } | undefined {
  const [pod] = podsOf(object)
  return pod === undefined ? undefined : { spec: pod.spec, path: object.kind === 'Pod' ? 'spec' : 'spec.template.spec' }
}
