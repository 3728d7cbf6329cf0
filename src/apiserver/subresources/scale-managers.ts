import { apply } from '../../api/apply/apply.ts'
import { emptySet } from '../../api/apply/field-set.ts'
import { storedManagers, writeManagers, type ManagedFieldsEntry, type Managers } from '../../api/apply/managers.ts'
import { allBut } from '../../api/apply/ownership.ts'
import { parentManagers, scaleManagers, scaleVersion } from '../../api/apply/scale-managers.ts'
import { structuralType } from '../../api/apply/structural-type.ts'
import { afterUpdate, type Writer } from '../../api/apply/update-managers.ts'
import { oneVersion } from '../../api/apply/versions.ts'
import type { KubeObject } from '../../api/object.ts'
import type { JsonObject } from '../../api/patch/json-object.ts'
import { apiVersionOf } from '../../api/resource.ts'
import { rfc3339 } from '../../base/rfc3339.ts'
import type { ApiContext } from '../context.ts'
import { applierOf, asJson } from '../field-managers.ts'
import type { ServedForm } from '../kind-registry.ts'
import type { ApiRequest } from '../request.ts'

/** A Scale as a write wants it, with what becomes of the managed fields of the object behind it. */
export interface ManagedScale {
  readonly scale: JsonObject
  readonly entries: readonly Partial<ManagedFieldsEntry>[]
}

/** Writes to the Scales of objects of one form, with the owners of the number of replicas. */
export class ScaleManagers {
  readonly #context: ApiContext
  readonly #form: ServedForm

  constructor(context: ApiContext, form: ServedForm) {
    this.#context = context
    this.#form = form
  }

  /** A Scale after an update or a patch. */
  update(manager: string, parent: KubeObject, before: JsonObject, replicas: number): ManagedScale {
    const scale = { ...before, spec: { replicas } }
    const parents = storedManagers(asJson(parent))
    if (parents.size === 0) return { scale, entries: [] }
    const writer = this.#writer(manager)
    const change = { ...writer, before, after: scale, versions: this.#versions(), ignored: emptySet }
    return this.#managed(scale, parents, afterUpdate(scaleManagers(parents), change, writer))
  }

  /** A Scale after an apply, which throws as `apply` does. */
  apply(request: ApiRequest, applied: JsonObject, parent: KubeObject, before: JsonObject): ManagedScale {
    const { manager, force } = applierOf(request)
    const parents = storedManagers(asJson(parent))
    const metadata = { ...(before['metadata'] as JsonObject), managedFields: writeManagers(scaleManagers(parents)) }
    const scale = apply({
      ...this.#writer(manager),
      live: { ...before, metadata },
      applied,
      kind: 'Scale',
      force,
      versions: this.#versions(),
      ignored: allBut('spec', structuralType(this.#context.schema, 'V1Scale')),
    })
    return this.#managed(scale, parents, storedManagers(scale))
  }

  #managed(scale: JsonObject, parents: Managers, managers: Managers): ManagedScale {
    const version = apiVersionOf(this.#form.resource)
    return { scale, entries: writeManagers(parentManagers(parents, managers, version)) }
  }

  #writer(manager: string): Writer {
    return { manager, apiVersion: scaleVersion, subresource: 'scale', now: rfc3339(this.#context.clock.now()) }
  }

  #versions() {
    return oneVersion(scaleVersion, structuralType(this.#context.schema, 'V1Scale'))
  }
}
