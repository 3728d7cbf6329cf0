import { controllerOf, keyOf, objectKey, type KubeObject, type ObjectKey } from '../api/object.ts'
import type { Resource } from '../api/resource.ts'
import type { LabelSelectorObject } from '../api/selectors.ts'
import type { Cache } from '../client/cache.ts'
import { selectorOf } from './workload-selector.ts'

interface Selecting extends KubeObject {
  readonly spec: { readonly selector: LabelSelectorObject }
}

/** The owners of one kind that a dependent concerns: its controller, or for an orphan every one that might adopt it. */
export function concernedOwners<T extends Selecting>(resource: Resource<T>, owners: Cache<T>) {
  return (dependent: KubeObject): readonly ObjectKey[] => {
    const { namespace, labels } = dependent.metadata
    const controller = controllerOf(dependent)
    if (controller !== undefined) {
      return controller.kind === resource.kind ? [objectKey(namespace, controller.name)] : []
    }
    return owners
      .list(namespace)
      .filter((owner) => selectorOf(owner).matches(labels))
      .map(keyOf)
  }
}
