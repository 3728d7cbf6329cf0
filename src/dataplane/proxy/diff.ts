import { diffElements, type ElementChange } from '../../kernel/nft-elements.ts'
import type { Element } from './compile.ts'

export type Change = ElementChange<Element>

/** The difference between two results of `compileElements`. Pure. */
export const diff: (last: readonly Element[], next: readonly Element[]) => Change[] = diffElements
