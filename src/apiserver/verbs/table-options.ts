import type { ApiContext } from '../context.ts'
import type { TableOptions } from '../represent.ts'

/** `?includeObject=None|Metadata|Object`; Metadata if absent or unknown, as upstream's default. */
export function tableOptions({ clock }: ApiContext, query: URLSearchParams): TableOptions {
  const asked = query.get('includeObject')
  return { now: clock.now(), includeObject: asked === 'None' || asked === 'Object' ? asked : 'Metadata' }
}
