import { StatusError } from '../errors.ts'
import { describePaths, type FieldSet } from './field-set.ts'
import { identityOf, type Manager } from './managers.ts'

/** Fields that an apply would change, and whose they are. */
export interface Conflict {
  readonly manager: Manager
  readonly fields: FieldSet
}

/** The 409 that tells of every conflicting field, worded as upstream (apimachinery `NewConflictError`). */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const byManager = conflicts
    .map((conflict) => ({ ...conflict, id: identityOf(conflict.manager) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ manager, fields }) => ({ manager: describeManager(manager), paths: describePaths(fields) }))
  const causes = byManager.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  )
  return new StatusError(409, 'Conflict', messageOf(byManager), { causes })
}

function messageOf(byManager: readonly { readonly manager: string; readonly paths: readonly string[] }[]): string {
  const paths = byManager.flatMap(({ paths }) => paths)
  const [first] = byManager
  if (paths.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.manager}: ${paths[0]}`
  }
  const lines = byManager.flatMap(({ manager, paths }) => [
    `conflicts with ${manager}:`,
    ...paths.map((path) => `- ${path}`),
  ])
  return `Apply failed with ${paths.length} conflicts: ${lines.join('\n')}`
}

/** `"kubectl-client-side-apply" using v1`, `"autoscaler" with subresource "scale" using apps/v1`, `"deployer"`. */
function describeManager({ name, operation, apiVersion, subresource }: Manager): string {
  const quoted = JSON.stringify(name)
  const named = subresource === '' ? quoted : `${quoted} with subresource ${JSON.stringify(subresource)}`
  return operation === 'Update' ? `${named} using ${apiVersion}` : named
}
