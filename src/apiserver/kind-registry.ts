import type { FieldError } from '../api/field-error.ts'
import type { Kind, View } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { groupResource, type Resource } from '../api/resource.ts'

/** A resource as clients see it: a kind under its own names, or a view of one. */
export interface ServedForm {
  readonly resource: Resource
  /** Name of its type in the generated schema. */
  readonly schema: string
  /** How its objects are stored and judged. */
  readonly kind: Kind
  readonly view: View | undefined
}

/** What is being served. Kinds and views can be added while the server runs. */
export class KindRegistry {
  readonly #forms = new Map<string, ServedForm>()

  constructor(kinds: readonly Kind[] = [], views: readonly View[] = []) {
    for (const kind of kinds) this.add(kind)
    for (const view of views) this.addView(view)
  }

  /** Throws if the resource is served already. */
  add(kind: Kind): void {
    this.#add({ resource: kind.resource, schema: kind.schema, kind, view: undefined })
  }

  /** Throws if the resource is served already. */
  addView(view: View): void {
    this.#add({ resource: view.resource, schema: view.schema, kind: view.kind, view })
  }

  find(resource: Pick<Resource, 'group' | 'version' | 'plural'>): ServedForm | undefined {
    return this.#forms.get(idOf(resource))
  }

  all(): readonly ServedForm[] {
    return [...this.#forms.values()]
  }

  #add(form: ServedForm): void {
    const id = idOf(form.resource)
    if (this.#forms.has(id)) throw new Error(`${id} is served already`)
    this.#forms.set(id, form)
  }
}

/** An object as a form shows it. The kind's own form shows what is stored. */
export function servedObject({ view }: ServedForm, stored: KubeObject): KubeObject {
  return view === undefined ? stored : view.toServed(stored)
}

/** Problems that the kind has found, in the names that fields have in the form. */
export function servedErrors({ view }: ServedForm, errors: readonly FieldError[]): FieldError[] {
  return errors.map((error) => view?.servedError?.(error) ?? error)
}

function idOf(resource: Pick<Resource, 'group' | 'version' | 'plural'>): string {
  return `${groupResource(resource)}/${resource.version}`
}
