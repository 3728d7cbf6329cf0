import type { Schema } from '../../api/schema/schema.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { subresources } from '../subresources/index.ts'
import { virtualResources } from '../virtual-resources.ts'
import { servedResource, servedVirtual, type ServedResource } from './served-resource.ts'
import { encodeOpenApiV2 } from './v2-protobuf.ts'
import { buildOpenApiV2 } from './v2.ts'
import { buildOpenApiV3, groupVersionPath, openApiV3Index } from './v3.ts'

/** The documents of the kinds being served: each made when first asked for, and again when a kind has been added. */
export class OpenApiDocuments {
  readonly #kinds: KindRegistry
  readonly #schema: Schema
  #madeOf = 0
  #v3: ReadonlyMap<string, string> | undefined
  #v2: string | undefined
  #v2Protobuf: Uint8Array | undefined

  constructor(kinds: KindRegistry, schema: Schema) {
    this.#kinds = kinds
    this.#schema = schema
  }

  /** `/openapi/v3` as JSON. */
  v3Index(): string {
    return JSON.stringify(openApiV3Index(this.#v3Documents()))
  }

  /** The document of `api/v1` or `apis/apps/v1` as JSON; undefined if nothing is served there. */
  v3(groupVersion: string): string | undefined {
    return this.#v3Documents().get(groupVersion)
  }

  v2(): string {
    this.#forgetIfGrown()
    return (this.#v2 ??= JSON.stringify(buildOpenApiV2(this.#served(), this.#schema)))
  }

  v2Protobuf(): Uint8Array {
    this.#forgetIfGrown()
    return (this.#v2Protobuf ??= encodeOpenApiV2(buildOpenApiV2(this.#served(), this.#schema)))
  }

  #v3Documents(): ReadonlyMap<string, string> {
    this.#forgetIfGrown()
    return (this.#v3 ??= new Map(
      [...Map.groupBy(this.#served(), ({ resource }) => groupVersionPath(resource))].map(([path, served]) => [
        path,
        JSON.stringify(buildOpenApiV3(served, this.#schema)),
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
