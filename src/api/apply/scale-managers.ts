import { difference, hasPath, isEmptySet, setOfPath, type FieldSet } from './field-set.ts'
import { identityOf, type Managers } from './managers.ts'

/**
 * Managers of an object as its Scale shows them and back (apimachinery `managedfields.ScaleHandler`): of all that they
 * own, a Scale has only the number of replicas, at `.spec.replicas` in its own terms as in those of its object.
 */
const replicas = ['f:spec', 'f:replicas']
const replicasOnly: FieldSet = setOfPath(replicas)

export const scaleVersion = 'autoscaling/v1'

/** Those who own the number of replicas, in the Scale's terms. */
export function scaleManagers(parents: Managers): Managers {
  const owners = [...parents.values()].filter(({ fields }) => hasPath(fields, replicas))
  return new Map(
    owners
      .map((manager) => ({ ...manager, apiVersion: scaleVersion, fields: replicasOnly }))
      .map((manager) => [identityOf(manager), manager]),
  )
}

/**
 * The object's managers after a write to its Scale, whose managers are now `scale`: who no longer owns the number of
 * replicas there owns it no longer here, and who does now, does here too.
 */
export function parentManagers(parents: Managers, scale: Managers, apiVersion: string): Managers {
  const result: Managers = new Map()
  const owners = new Map([...scale].filter(([, { fields }]) => hasPath(fields, replicas)))
  for (const [id, manager] of parents) {
    const scaleId = identityOf({ ...manager, apiVersion: scaleVersion })
    const isOwner = hasPath(manager.fields, replicas)
    const fields = isOwner && !owners.has(scaleId) ? difference(manager.fields, replicasOnly) : manager.fields
    if (isOwner) owners.delete(scaleId)
    if (!isEmptySet(fields)) result.set(id, { ...manager, fields })
  }
  for (const manager of owners.values()) {
    const here = { ...manager, apiVersion, fields: replicasOnly }
    result.set(identityOf(here), here)
  }
  return result
}
