import { NftError, type NftElement } from './nft.ts'

/** A `table inet` block, taken apart. Of sets and chains only what the fake needs to know. */
export interface TableText {
  readonly name: string
  readonly sets: readonly SetText[]
  readonly chains: readonly ChainText[]
}

export interface SetText {
  readonly kind: 'set' | 'map'
  readonly name: string
  readonly declaration: readonly string[]
  readonly elements: readonly NftElement[]
}

export interface ChainText {
  readonly name: string
  readonly lines: readonly string[]
}

/** Takes apart a text made of `table inet NAME { … }` blocks. Throws `NftError` on anything else at the top. */
export function parseTables(text: string): TableText[] {
  return blocksOf(text.replaceAll(/#.*$/gm, '')).map(({ heading, body }) => {
    const [, name] = /^table inet ([\w-]+)$/.exec(heading) ?? []
    if (name === undefined) throw new NftError(`Error: syntax error, unexpected ${heading}`)
    return parseTable(name, body)
  })
}

function parseTable(name: string, body: string): TableText {
  const sets: SetText[] = []
  const chains: ChainText[] = []
  for (const { heading, body: inner } of blocksOf(body)) {
    const [, kind, blockName = ''] = /^(set|map|chain) ([\w-]+)$/.exec(heading) ?? []
    if (kind === 'chain') chains.push({ name: blockName, lines: linesOf(inner) })
    else if (kind === 'set' || kind === 'map') sets.push({ kind, name: blockName, ...parseSet(inner) })
    else throw new NftError(`Error: syntax error, unexpected ${heading}`)
  }
  return { name, sets, chains }
}

function parseSet(body: string): Pick<SetText, 'declaration' | 'elements'> {
  const statements = [...body.matchAll(/elements\s*=\s*\{([^}]*)\}/g)]
  // As nft 1.0.6 does: of several, only the last counts.
  const elements = (statements.at(-1)?.[1] ?? '').split(',').map((element) => element.replaceAll(/\s+/g, ' ').trim())
  return {
    declaration: linesOf(statements.reduce((rest, [statement]) => rest.replace(statement, ''), body)),
    elements: elements.filter((element) => element !== '').map(parseElement),
  }
}

function parseElement(text: string): NftElement {
  const [key = '', value] = text.split(' : ')
  return value === undefined ? { key } : { key, value }
}

/** `heading { body }` one after the other, braces inside of bodies balanced. */
function blocksOf(text: string): { heading: string; body: string }[] {
  const blocks: { heading: string; body: string }[] = []
  let depth = 0
  let start = 0
  let heading = ''
  for (const { index, 0: character } of text.matchAll(/[{}]/g)) {
    if (character === '{' && depth++ === 0) {
      heading = text.slice(start, index).trim()
      start = index + 1
    } else if (character === '}' && --depth === 0) {
      blocks.push({ heading, body: text.slice(start, index) })
      start = index + 1
    }
  }
  if (depth !== 0 || text.slice(start).trim() !== '') throw new NftError('Error: syntax error, unexpected end of file')
  return blocks
}

/** Statements of a block: lines, and what semicolons separate. */
function linesOf(body: string): string[] {
  return body
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
