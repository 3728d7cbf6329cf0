import type { JsonObject } from '../patch/json-object.ts'
import type { StructType } from './structural-type.ts'

/** The versions in which an object can be seen, each with its type: managers own fields in terms of one of them. */
export interface Versions {
  /** The type of the object in that version, `apps/v1`; undefined if it is not served in it (any longer). */
  typeOf(apiVersion: string): StructType | undefined
  /** The object of version `from` as it looks in version `to`, both of which have types. Must not change it. */
  convert(object: JsonObject, from: string, to: string): JsonObject
}

/** The versions of what has only one. */
export function oneVersion(apiVersion: string, type: StructType): Versions {
  return {
    typeOf: (asked) => (asked === apiVersion ? type : undefined),
    convert: (object) => object,
  }
}
