import { diffElements, type ElementChange } from '../../kernel/nft-elements.ts'
import type { Element } from './compile.ts'

export type Change<T extends Element = Element> = ElementChange<T>

/** The difference between two results of `compileElements` or `compileClaims`. Pure. */
export const diff: <T extends Element>(last: readonly T[], next: readonly T[]) => Change<T>[] = diffElements
