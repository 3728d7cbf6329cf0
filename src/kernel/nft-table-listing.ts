/** A table as nft lists it, taken apart. */
export interface TableListing {
  /**
   * `map services` or `chain pick-3` → the lines between its braces, without elements and indentation. Statements of
   * the table itself, e.g. `flags dormant`, are under `table`.
   */
  readonly skeleton: ReadonlyMap<string, string>
  /** Set or map → key → value, undefined in sets; without timeouts. Sets without elements are there. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>
  /** Set or map → its elements that will expire. Sets without any are not there. */
  readonly timed: ReadonlyMap<string, readonly TimedElement[]>
}

export interface TimedElement {
  readonly key: string
  /** Absent in sets. */
  readonly value?: string
  /** As nft writes it, `1h30m`; absent if it is that of the set. */
  readonly timeout?: string
  /** What was left of it: `59m59s968ms`. */
  readonly expires?: string
}

interface Block {
  readonly heading: string
  readonly lines: readonly string[]
}

/**
 * Takes apart what `nft list table`, `list map` or `list set` prints of one table. Comments and counters of elements
 * stay in their keys.
 */
export function parseListing(listing: string): TableListing {
  const skeleton = new Map<string, string>()
  const elements = new Map<string, ReadonlyMap<string, string | undefined>>()
  const timed = new Map<string, readonly TimedElement[]>()
  const { blocks, loose } = blocksOf(listing)
  if (loose.length > 0) skeleton.set('table', loose.join('\n'))
  for (const { heading, lines } of blocks) {
    const [, set] = /^(?:set|map) (\S+)$/.exec(heading) ?? []
    const { body, held } = set === undefined ? { body: lines, held: [] } : splitSet(lines)
    skeleton.set(heading, body.join('\n'))
    if (set === undefined) continue
    elements.set(set, new Map(held.map(({ key, value }) => [key, value])))
    const expiring = held.filter(({ timeout, expires }) => timeout !== undefined || expires !== undefined)
    if (expiring.length > 0) timed.set(set, expiring)
  }
  return { skeleton, elements, timed }
}

/** The elements of one set: `key` or `key : value`, sorted. */
export function elementTexts({ elements }: Pick<TableListing, 'elements'>, set: string): string[] {
  return [...(elements.get(set) ?? [])].map(([key, value]) => (value === undefined ? key : `${key} : ${value}`)).sort()
}

/** Blocks are indented by one tab, their content by two; the table's own statements stand between blocks. */
function blocksOf(listing: string): { blocks: readonly Block[]; loose: readonly string[] } {
  const blocks: Block[] = []
  const loose: string[] = []
  let lines: string[] | undefined
  for (const line of listing.split('\n')) {
    if (lines !== undefined) {
      if (line === '\t}') lines = undefined
      else lines.push(line.replace(/^\t\t/, ''))
    } else if (/^\t\S.* \{$/.test(line)) {
      lines = []
      blocks.push({ heading: line.slice(1, -2), lines })
    } else if (line.startsWith('\t')) {
      loose.push(line.slice(1))
    }
  }
  return { blocks, loose }
}

/** Separates the `elements = { … }` of a set, which nft prints last, from what declares the set. */
function splitSet(lines: readonly string[]): { body: readonly string[]; held: readonly TimedElement[] } {
  const start = lines.findIndex((line) => line.startsWith(elementsStart))
  const declaration = (start < 0 ? lines : lines.slice(0, start)).map((line) => line.replace(countOfElements, ''))
  if (start < 0) return { body: declaration, held: [] }
  const texts = lines.slice(start).join(' ').trim().slice(elementsStart.length, -1).match(betweenCommas) ?? []
  return { body: declaration, held: texts.map((text) => parseElement(text.trim())) }
}

const elementsStart = 'elements = {'
/** nft 1.1 adds to `size` how many there are. */
const countOfElements = /\t# count \d+$/
/** A comma in a quoted comment separates nothing. */
const betweenCommas = /(?:"[^"]*"|[^,"]+)+/g

function parseElement(text: string): TimedElement {
  if (!text.includes(' expires ') && !text.includes(' timeout ')) return keyAndValue(text)
  const [, timeout] = / timeout (\S+)/.exec(text) ?? []
  const [, expires] = / expires (\S+)/.exec(text) ?? []
  return {
    ...keyAndValue(text.replaceAll(/ (?:timeout|expires) \S+/g, '')),
    ...(timeout === undefined ? {} : { timeout }),
    ...(expires === undefined ? {} : { expires }),
  }
}

function keyAndValue(text: string): { key: string; value?: string } {
  const colon = text.indexOf(' : ')
  return colon < 0 ? { key: text } : { key: text.slice(0, colon), value: text.slice(colon + 3) }
}
