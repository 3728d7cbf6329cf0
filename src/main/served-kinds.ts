import type { Kind } from '../api/kind.ts'
import { kinds, kindsWithoutControllers } from '../api/kinds/index.ts'

/** Every kind that the server stores. Those without a controller are served too: they are stored, judged and printed. */
export const servedKinds: readonly Kind[] = [...kinds, ...kindsWithoutControllers.map(({ kind }) => kind)]
