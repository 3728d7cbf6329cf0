import type { NftElement, NftOperation } from './nft.ts'

/** One transaction as text for `nft -f`. Operations without elements leave no trace. */
export function renderTransaction(operations: readonly NftOperation[]): string {
  return operations.map(renderOperation).join('')
}

function renderOperation(operation: NftOperation): string {
  switch (operation.op) {
    case 'load':
      return `${operation.text}\n`
    case 'delete-table':
      return `delete table inet ${operation.table}\n`
    case 'add-elements':
      return statement('add', operation, ({ key, value }) => (value === undefined ? key : `${key} : ${value}`))
    case 'delete-elements':
      // By key alone: the kernel does not compare values, and nft resolves what a verdict names.
      return statement('delete', operation, ({ key }) => key)
  }
}

/** One element a line, so that an error of nft quotes only the element that it is about. */
function statement(
  verb: 'add' | 'delete',
  { table, set, elements }: { table: string; set: string; elements: readonly NftElement[] },
  text: (element: NftElement) => string,
): string {
  if (elements.length === 0) return ''
  return `${verb} element inet ${table} ${set} {\n${elements.map(text).join(',\n')}\n}\n`
}
