/**
 * The nftables of one network namespace, written in transactions. Reads are for start-up, verification and tests only:
 * the hot path knows what it last applied.
 */
export interface Nft {
  /**
   * Applies all operations or none. Rejects with `NftError`. May be called while others are under way: they are applied
   * in the order of the calls, each whatever became of those before.
   */
  transaction(operations: readonly NftOperation[]): Promise<void>
  /** The elements that the kernel holds in a set or map: `key` or `key : value`, sorted. Undefined if there is no such table or set. */
  elements(table: string, set: string): Promise<readonly string[] | undefined>
  /** The whole table as `nft list table` prints it; undefined if it is not there. */
  listTable(table: string): Promise<string | undefined>
  /**
   * How `listTable` would print the tables of this `load` text if nothing else were there, one after the other. The
   * namespace is not touched. Rejects with `NftError` if the text would be refused.
   */
  canonical(text: string): Promise<string>
}

/** Tables are of family `inet`. Keys and values are nftables expressions, e.g. `10.96.0.10 . tcp . 80`. */
export type NftOperation =
  /** Static text in nft syntax: the table with its sets, maps, chains and rules. */
  | { readonly op: 'load'; readonly text: string }
  | { readonly op: 'delete-table'; readonly table: string }
  | { readonly op: 'add-elements'; readonly table: string; readonly set: string; readonly elements: readonly NftElement[] }
  | { readonly op: 'delete-elements'; readonly table: string; readonly set: string; readonly elements: readonly NftElement[] }

export interface NftElement {
  readonly key: string
  /** Absent in sets, present in maps. */
  readonly value?: string
}

export class NftError extends Error {
  override readonly name = 'NftError'
}
