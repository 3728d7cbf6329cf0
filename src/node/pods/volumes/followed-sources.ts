import { ConfigMaps, type ConfigMap } from '../../../api/kinds/config-map.ts'
import type { Pod } from '../../../api/kinds/pod.ts'
import { Secrets, type Secret } from '../../../api/kinds/secret.ts'
import { keyOf, objectKey, type KubeObject, type ObjectKey } from '../../../api/object.ts'
import type { Cache } from '../../../client/cache.ts'
import type { Source } from '../../../client/controller.ts'
import type { PodSources } from '../sources.ts'
import { FollowedObjects, type FollowDeps } from './followed-objects.ts'
import { volumeReferences } from './volume-references.ts'

export interface FollowSourcesDeps extends FollowDeps {
  /** Those of the node. */
  readonly pods: Cache<Pod>
  /** For what is not watched yet. */
  readonly sources: PodSources
}

/** Wakes for pods whose volumes may have to change; `sources` gives what was last seen of what they are made of. */
export function followSources(deps: FollowSourcesDeps): { readonly source: Source; readonly sources: PodSources } {
  let wake: (pod: ObjectKey) => void = () => {}
  const changed = (pod: ObjectKey) => wake(pod)
  const configMaps = new FollowedObjects<ConfigMap>(ConfigMaps, deps, changed)
  const secrets = new FollowedObjects<Secret>(Secrets, deps, changed)
  const { sources } = deps

  function onChange(previous: Pod | undefined, next: Pod | undefined): void {
    const [before, after] = [referencesOf(previous), referencesOf(next)]
    move(configMaps, before.configMaps, after.configMaps)
    move(secrets, before.secrets, after.secrets)
    if (next !== undefined && tellsAnew(previous, next)) wake(keyOf(next))
  }

  return {
    sources: {
      tokens: sources.tokens,
      configMap: async (namespace, name) =>
        known(configMaps, objectKey(namespace, name), () => sources.configMap(namespace, name)),
      secret: async (namespace, name) =>
        known(secrets, objectKey(namespace, name), () => sources.secret(namespace, name)),
    },
    source: {
      synced: deps.pods.synced,
      subscribe(subscriber) {
        wake = subscriber
        return deps.pods.onChange(onChange)
      },
    },
  }
}

async function known<T extends KubeObject>(
  followed: FollowedObjects<T>,
  key: ObjectKey,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const seen = followed.get(key)
  return seen === 'unknown' ? read() : seen
}

interface Uses {
  readonly pod: ObjectKey
  readonly objects: ReadonlySet<ObjectKey>
}

/** A pod that has ended uses nothing any more. */
function referencesOf(pod: Pod | undefined): { readonly configMaps: Uses; readonly secrets: Uses } {
  const ended = pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed'
  const { configMaps, secrets } = volumeReferences(ended ? undefined : pod)
  const key = pod === undefined ? '' : keyOf(pod)
  return { configMaps: { pod: key, objects: configMaps }, secrets: { pod: key, objects: secrets } }
}

/** What is used before and after is watched on. */
function move<T extends KubeObject>(followed: FollowedObjects<T>, before: Uses, after: Uses): void {
  for (const key of after.objects) followed.follow(key, after.pod)
  for (const key of before.objects) if (!after.objects.has(key)) followed.unfollow(key, before.pod)
}

/** Whether what the downward API tells of a pod may have changed. An agent that was away does not know. */
function tellsAnew(previous: Pod | undefined, { metadata }: Pod): boolean {
  if (previous?.metadata.uid !== metadata.uid) return true
  const told = ({ labels, annotations }: Pod['metadata']) => JSON.stringify([labels, annotations])
  return told(previous.metadata) !== told(metadata)
}
