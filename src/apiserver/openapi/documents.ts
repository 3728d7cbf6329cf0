import { createHash } from 'node:crypto'
import type { Schema } from '../../api/schema/schema.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { subresources } from '../subresources/index.ts'
import { virtualResources } from '../virtual-resources.ts'
import { servedResource, servedVirtual, type ServedResource } from './served-resource.ts'
import { encodeOpenApiV2 } from './v2-protobuf.ts'
import { buildOpenApiV2 } from './v2.ts'
import { buildOpenApiV3, groupVersionPath, openApiV3Index } from './v3.ts'

/** A document, and what changes with it: as upstream, its SHA-512 in upper case. */
export interface Hashed<T extends string | Uint8Array> {
  readonly body: T
  readonly hash: string
}

export type HashedText = Hashed<string>

/** The documents of the kinds being served: each made when first asked for, and again when a kind has been added. */
export class OpenApiDocuments {
  readonly #kinds: KindRegistry
  readonly #schema: Schema
  #madeOf = 0
  #v3: ReadonlyMap<string, HashedText> | undefined
  #v2: HashedText | undefined
  #v2Protobuf: Hashed<Uint8Array> | undefined

  constructor(kinds: KindRegistry, schema: Schema) {
    this.#kinds = kinds
    this.#schema = schema
  }

  /** `/openapi/v3` as JSON. */
  v3Index(): string {
    return JSON.stringify(openApiV3Index([...this.#v3Documents()].map(([path, { hash }]) => ({ path, hash }))))
  }

  /** The document of `api/v1` or `apis/apps/v1`; undefined if nothing is served there. */
  v3(groupVersion: string): HashedText | undefined {
    return this.#v3Documents().get(groupVersion)
  }

  v2(): HashedText {
    this.#forgetIfGrown()
    return (this.#v2 ??= hashed(JSON.stringify(buildOpenApiV2(this.#served(), this.#schema))))
  }

  v2Protobuf(): Hashed<Uint8Array> {
    this.#forgetIfGrown()
    return (this.#v2Protobuf ??= hashed(encodeOpenApiV2(buildOpenApiV2(this.#served(), this.#schema))))
  }

  #v3Documents(): ReadonlyMap<string, HashedText> {
    this.#forgetIfGrown()
    return (this.#v3 ??= new Map(
      [...Map.groupBy(this.#served(), ({ resource }) => groupVersionPath(resource))].map(([path, served]) => [
        path,
        hashed(JSON.stringify(buildOpenApiV3(served, this.#schema))),
      ]),
    ))
  }

  #served(): ServedResource[] {
    const stored = this.#kinds.all().map((form) => servedResource(form, subresources))
    return [...stored, ...virtualResources.map(servedVirtual)]
  }

  /** Kinds are only ever added. */
  #forgetIfGrown(): void {
    const count = this.#kinds.all().length
    if (count === this.#madeOf) return
    this.#madeOf = count
    this.#v3 = undefined
    this.#v2 = undefined
    this.#v2Protobuf = undefined
  }
}

function hashed<T extends string | Uint8Array>(body: T): Hashed<T> {
  return { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
}
