import { NftError, type Nft, type NftElement, type NftOperation } from './nft.ts'
import { parseTables, type TableText } from './nft-table-text.ts'

interface FakeSet {
  readonly kind: 'set' | 'map'
  /** Everything in the braces but the elements, one line each. */
  readonly declaration: readonly string[]
  readonly elements: ReadonlyMap<string, NftElement>
}

interface FakeTable {
  readonly sets: ReadonlyMap<string, FakeSet>
  /** Lines of each chain, the hook line first where there is one. */
  readonly chains: ReadonlyMap<string, readonly string[]>
}

type Tables = ReadonlyMap<string, FakeTable>

/**
 * nftables in memory. Executes transactions, all or nothing, and refuses what the kernel refuses: names that are not
 * there, keys that are there with another value, deleting what is missing, elements of the wrong shape. Of rules it
 * knows only which chains and sets they name. Understands `load` texts that consist of `table inet` blocks.
 */
export class FakeNft implements Nft {
  readonly #failures: Error[] = []
  readonly #transactions: (readonly NftOperation[])[] = []
  #tables: Tables = new Map()

  /** The transactions that were applied, oldest first. */
  get transactions(): readonly (readonly NftOperation[])[] {
    return this.#transactions
  }

  /** The next transaction that is not empty rejects with this error and changes nothing. */
  failNext(error: Error): void {
    this.#failures.push(error)
  }

  async transaction(operations: readonly NftOperation[]): Promise<void> {
    const failure = this.#failures.shift()
    if (failure !== undefined) throw failure
    this.#tables = operations.reduce(execute, this.#tables)
    this.#transactions.push(operations)
  }

  async elements(table: string, set: string): Promise<readonly string[] | undefined> {
    const found = this.#tables.get(table)?.sets.get(set)
    return found === undefined ? undefined : listed(found)
  }

  async listTable(table: string): Promise<string | undefined> {
    const found = this.#tables.get(table)
    if (found === undefined) return undefined
    return printTable(table, found)
  }

  async canonical(text: string): Promise<string> {
    const tables = parseTables(text).reduce(load, new Map())
    return [...tables].map(([name, table]) => printTable(name, table)).join('')
  }
}

function execute(tables: Tables, operation: NftOperation): Tables {
  switch (operation.op) {
    case 'load':
      return parseTables(operation.text).reduce(load, tables)
    case 'delete-table': {
      if (!tables.has(operation.table)) throw missing(`table ${operation.table}`)
      const left = new Map(tables)
      left.delete(operation.table)
      return left
    }
    case 'add-elements':
      return changeElements(tables, operation, addElement)
    case 'delete-elements':
      return changeElements(tables, operation, deleteElement)
  }
}

function load(tables: Tables, text: TableText): Tables {
  const before = tables.get(text.name) ?? { sets: new Map(), chains: new Map() }
  const sets = new Map(before.sets)
  for (const { kind, name, declaration } of text.sets) {
    const old = sets.get(name)
    if (old === undefined) sets.set(name, { kind, declaration, elements: new Map() })
    else if (old.kind !== kind || old.declaration.join() !== declaration.join()) throw exists(`${kind} ${name}`)
  }
  const chains = new Map(before.chains)
  for (const { name, lines } of text.chains) {
    const old = chains.get(name) ?? []
    chains.set(name, [...old, ...lines.filter((line) => !(line.startsWith('type ') && old.includes(line)))])
  }
  const table = { sets, chains }
  for (const { lines } of text.chains) for (const line of lines) checkReferences(table, line)
  const loaded: Tables = new Map(tables).set(text.name, table)
  return text.sets.reduce(
    (result, { name, elements }) => changeElements(result, { table: text.name, set: name, elements }, addElement),
    loaded,
  )
}

function changeElements(
  tables: Tables,
  { table, set, elements }: { table: string; set: string; elements: readonly NftElement[] },
  change: (held: Map<string, NftElement>, element: NftElement) => void,
): Tables {
  if (elements.length === 0) return tables
  const foundTable = tables.get(table)
  const found = foundTable?.sets.get(set)
  if (foundTable === undefined || found === undefined) throw missing(`set ${set} of table ${table}`)
  const held = new Map(found.elements)
  for (const element of elements) {
    checkShape(found, element)
    if (element.value !== undefined) checkReferences(foundTable, element.value)
    change(held, element)
  }
  const sets = new Map(foundTable.sets).set(set, { ...found, elements: held })
  return new Map(tables).set(table, { ...foundTable, sets })
}

function addElement(held: Map<string, NftElement>, element: NftElement): void {
  const old = held.get(element.key)
  if (old !== undefined && old.value !== element.value) throw exists(element.key)
  held.set(element.key, element)
}

function deleteElement(held: Map<string, NftElement>, { key }: NftElement): void {
  if (!held.delete(key)) throw missing(key)
}

/** Concatenations must have as many parts as the declaration, and maps, only maps, have values. */
function checkShape({ kind, declaration }: FakeSet, { key, value }: NftElement): void {
  const type = declaration.find((line) => line.startsWith('type')) ?? ''
  const [keyType = '', valueType] = type.split(' : ')
  if (parts(key) !== parts(keyType)) throw new NftError(`Error: ${key} does not fit ${type}`)
  if (value === undefined) return // nft lets the key of a map stand alone in a delete
  const fits = kind === 'map' && parts(value) === parts(valueType ?? '')
  if (!fits) throw new NftError(`Error: ${key} : ${value} does not fit ${type}`)
}

function parts(concatenation: string): number {
  return concatenation.split(' . ').length
}

function checkReferences({ sets, chains }: FakeTable, expression: string): void {
  for (const [, name = ''] of expression.matchAll(/@([\w-]+)/g)) if (!sets.has(name)) throw missing(`set ${name}`)
  for (const [, name = ''] of expression.matchAll(/\b(?:goto|jump) ([\w-]+)/g)) {
    if (!chains.has(name)) throw missing(`chain ${name}`)
  }
}

function printTable(name: string, { sets, chains }: FakeTable): string {
  const blocks = [
    ...[...sets].map(([setName, set]) => block(`${set.kind} ${setName}`, [...set.declaration, ...elementLines(set)])),
    ...[...chains].map(([chain, lines]) => block(`chain ${chain}`, lines)),
  ]
  return `table inet ${name} {\n${blocks.join('\n')}}\n`
}

function listed({ elements }: FakeSet): string[] {
  return [...elements.values()].map(({ key, value }) => (value === undefined ? key : `${key} : ${value}`)).sort()
}

function elementLines(set: FakeSet): string[] {
  return set.elements.size === 0 ? [] : [`elements = { ${listed(set).join(',\n\t\t\t     ')} }`]
}

function block(heading: string, lines: readonly string[]): string {
  return `\t${heading} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}

function missing(what: string): NftError {
  return new NftError(`Error: Could not process rule: No such file or directory: ${what}`)
}

function exists(what: string): NftError {
  return new NftError(`Error: Could not process rule: File exists: ${what}`)
}
