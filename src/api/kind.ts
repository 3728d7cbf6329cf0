import type { FieldError } from './field-error.ts'
import type { KubeObject } from './object.ts'
import type { Resource } from './resource.ts'

/**
 * All that the server knows of one kind. A kind is one file under `kinds/` that exports its object type,
 * its `Resource` and its `Kind`; the verbs are generic and never name a kind.
 */
export interface Kind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>
  /** Name of the top-level type in the generated schema, e.g. `V1Service`. */
  readonly schema: string
  /** Which names are allowed; `generateName` prefixes follow the same rule. */
  readonly nameRule: NameRule

  /** Fills in every default that upstream would. Mutates its argument, which is the server's own copy. */
  setDefaults?(object: T): void
  /** Drops or sets what a client may not choose on create (usually: removes `status`). Mutates. */
  prepareCreate?(object: T): void
  /** The same on a write to the main resource: usually carries `status` over from the stored object. Mutates `next`. */
  prepareUpdate?(next: T, previous: T): void
  /** Problems of an object, all of them, in field order. Metadata has been checked already. */
  validate(object: T): FieldError[]
  /** Further problems of going from `previous` to `next`: immutable fields. */
  validateUpdate?(next: T, previous: T): FieldError[]
  /** Problems of a write to `/status`. */
  validateStatus?(next: T, previous: T): FieldError[]
  /**
   * Texts for Warning headers with the answer to a create, where there is no `previous`, or to an update of the main
   * resource. The object has its defaults and is valid.
   */
  warnings?(object: T, previous: T | undefined): string[]
  /** Sent as a Warning header with every answer about the kind. */
  readonly deprecation?: string

  /** Columns of `kubectl get`, in order; `NAME` is first and `AGE` is a column like the others. */
  readonly columns: readonly Column<T>[]
  /** Values for field selectors besides `metadata.name` and `metadata.namespace`. */
  selectableFields?(object: T): Readonly<Record<string, string>>
  /** The names in `selectableFields`, so that others can be refused without an object. */
  readonly selectableFieldNames?: readonly string[]

  /** Objects go one by one: DELETE of a collection is not served. */
  readonly keepsCollection?: true
  /** A PUT of an object that is not there makes it. */
  readonly createsOnUpdate?: true
  /** Whether `/status` is served: the main resource then ignores `status`, and `/status` everything else but annotations. */
  readonly hasStatus: boolean
  /** Present if `/scale` is served. */
  readonly scale?: ScaleSubresource<T>
  /**
   * Present if a delete first marks the object and its owner removes it later, as the kubelet does with Pods.
   * Returns the seconds granted; 0 removes the object at once.
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number
  /** Further marks of a deletion that has begun, e.g. `status.phase: Terminating`. Mutates. */
  beginDeletion?(object: T): void
  /** Whether the kind itself, besides grace and `metadata.finalizers`, keeps an object that is being deleted. */
  holdsDeletion?(object: T): boolean
}

export type NameRule = 'dns-subdomain' | 'dns-label' | 'dns-1035-label' | 'path-segment'

/** One column of a server-side table (meta.k8s.io/v1 `TableColumnDefinition`). */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date' | 'boolean'
  readonly format?: 'name' | 'date'
  readonly description: string
  /** 0 is always shown, higher only with `-o wide`. */
  readonly priority: number
  /** `now` is passed in so that ages can be tested. */
  cell(object: T, now: Date): string | number | boolean
}

export interface ScaleSubresource<T> {
  replicas(object: T): number
  setReplicas(object: T, replicas: number): void
  statusReplicas(object: T): number
  /** Selector in string form, `app=kubia`. */
  selector(object: T): string
}

/**
 * Another form in which a kind is served, such as an older version of it. Objects are stored, defaulted, validated and
 * printed as `kind`; requests and answers under `resource` are converted. A view is listed beside the kinds.
 */
export interface View<Stored extends KubeObject = KubeObject, Served extends KubeObject = KubeObject> {
  /** The names under which the view is served. */
  readonly resource: Resource<Served>
  /** Name of the view's type in the generated schema. */
  readonly schema: string
  readonly kind: Kind<Stored>
  /** The stored form of what a client sent. Its `apiVersion` and `kind` are the stored kind's. Must not mutate. */
  toStored(served: Served): Stored
  /** The inverse; what the view has no field for is left out. */
  toServed(stored: Stored): Served
  /**
   * Problems that only this form has, besides the kind's own, in this form's names of fields; without `previous`, of a
   * create.
   */
  validate?(next: Stored, previous: Stored | undefined): FieldError[]
  /** A problem that the kind has found, as it is said of this form. The same unless given. */
  servedError?(error: FieldError): FieldError
  /** What one can select by in this form, and the kind's own names of it. Those of the kind unless given. */
  readonly fieldNames?: Readonly<Record<string, string>>
  /** Sent as a Warning header with every answer, e.g. `extensions/v1beta1 Ingress is deprecated in v1.14+, …`. */
  readonly deprecation?: string
}
