import type { Finding } from '../../finding.ts'
import { placeIn, type ManifestObject } from '../objects.ts'
import { ofIngresses } from './of-ingresses.ts'
import { ofPods } from './of-pods.ts'
import { ofServices } from './of-services.ts'
import type { World } from './world.ts'

/** What an object refers to and is not there: in the manifests, nor in the cluster if one is known. Pure. */
export function brokenReferences(object: ManifestObject, world: World): readonly Finding[] {
  return [...ofNamespace(object, world), ...ofServices(object, world), ...ofIngresses(object, world), ...ofPods(object, world)]
}

function ofNamespace(object: ManifestObject, { namespaces, isWhole }: World): readonly Finding[] {
  const { namespace } = object.stored.metadata
  if (namespace === undefined || !isWhole || namespaces.some(({ metadata }) => metadata.name === namespace)) return []
  return [{
    reason: 'NamespaceNotFound',
    cause: `There is no namespace ${namespace}, neither in the manifest nor in the cluster`,
    evidence: [`there are: ${namespaces.map(({ metadata }) => metadata.name).join(', ')}`],
    fix: `create it before: kubectl create namespace ${namespace}`,
    place: placeIn(object, 'metadata.namespace'),
  }]
}
