/**
 * An object as decoded from a request: every value has its right type, but nothing is sure to be there, not even
 * what the API requires. Defaults and validation see objects so; after validation the plain type holds.
 */
export type Unchecked<T> = T extends readonly (infer Item)[]
  ? Unchecked<Item>[]
  : T extends object
    ? string extends keyof T
      ? { [key: string]: Unchecked<T[keyof T]> }
      : { [Key in keyof T]?: Unchecked<T[Key]> | undefined }
    : T
