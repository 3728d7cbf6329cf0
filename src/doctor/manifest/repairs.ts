import type { Schema } from '../../api/schema/schema.ts'
import { documentsIn, type ManifestDocument } from './documents.ts'
import { identify } from './identify.ts'
import { misfitsOf } from './misfits.ts'
import { applied, type Repair } from './repair.ts'
import { Source } from './source.ts'
import { certainRepair, reindentations, suspicions } from './suspicions.ts'

/** A document that needs more than this is not worth guessing at. */
const maxRepairs = 20
/** How many guesses are judged for one repair. */
const maxGuesses = 200
const maxCertain = 500
/** Letters of text that may be read for what is certain in one document, and for all guesses at it: some seconds' worth. */
const maxReadForCertain = 1_000_000
const maxRead = 2_000_000

export interface Repaired {
  readonly text: string
  /** In the order of lines. */
  readonly repairs: readonly Repair[]
}

/**
 * Finds what was mistyped in a manifest by putting it right: of all guesses the one is believed that makes most of the
 * rest make sense, until none helps any more. What is left is judged as if it had been written so. Pure.
 */
export function repaired(text: string, schema: Schema): Repaired {
  const lines: string[] = []
  const repairs: Repair[] = []
  for (const document of splitDocuments(text.split('\n').map((line) => line.replace(/\r$/, '')))) {
    const search = new Search(document, schema)
    search.run()
    repairs.push(...merged(search.repairs, search.lines).map((repair) => ({ ...repair, line: repair.line + lines.length })))
    lines.push(...search.lines)
  }
  return { text: lines.join('\n'), repairs }
}

/** Each but the first begins with its `---`: so no guess has to read all of them. */
function splitDocuments(lines: readonly string[]): readonly (readonly string[])[] {
  const starts = lines.flatMap((line, index) => (index > 0 && /^---(\s|$)/.test(line) ? [index] : []))
  return [0, ...starts].map((start, index) => lines.slice(start, starts[index]))
}

class Search {
  lines: readonly string[]
  readonly repairs: Repair[] = []
  readonly #schema: Schema
  #mayRead = maxRead

  constructor(lines: readonly string[], schema: Schema) {
    this.lines = lines
    this.#schema = schema
  }

  run(): void {
    // Guesses make no sense of a text that is wrong for certain.
    if (!this.#putRightWhatIsCertain()) return
    for (let count = 0; count < maxRepairs; count += 1) {
      const best = this.#bestGuess()
      const found = best === undefined ? this.#sameMisprints() : [best]
      if (found.length === 0) break
      for (const repair of found) this.#accept(repair)
    }
  }

  /** Whether none is left. */
  #putRightWhatIsCertain(): boolean {
    const most = Math.min(maxCertain, Math.ceil(maxReadForCertain / lettersIn(this.lines)))
    let certain = certainRepair(this.lines)
    for (; certain !== undefined && this.repairs.length < most; certain = certainRepair(this.lines)) this.#accept(certain)
    return certain === undefined
  }

  #accept(repair: Repair): void {
    this.repairs.push(repair)
    this.lines = applied(this.lines, repair)
  }

  /** The guess after which least is wrong; undefined if none makes it better. */
  #bestGuess(): Repair | undefined {
    const judged = this.#judge(this.lines)
    if (judged.cost === 0) return undefined
    const suspects = judged.errorLines.flatMap((line) => [line, line - 1, line + 1]).filter((line) => line >= 1)
    const isNear = ({ line }: Repair) => suspects.some((suspect) => Math.abs(suspect - line) <= 2)
    const { near = [], far = [] } = Object.groupBy(suspicions(this.lines), (repair) => (isNear(repair) ? 'near' : 'far'))
    const guesses = [...near, ...[...new Set(suspects)].flatMap((line) => reindentations(this.lines, line)), ...far]
    let best: { readonly repair: Repair; readonly cost: number } | undefined
    for (const repair of guesses.slice(0, maxGuesses)) {
      const { cost } = this.#judge(applied(this.lines, repair))
      if (cost < (best?.cost ?? judged.cost)) best = { repair, cost }
    }
    return best?.repair
  }

  /** Misprints of one sort that only together make sense of the text, without those that have no part in it. */
  #sameMisprints(): readonly Repair[] {
    const { cost } = this.#judge(this.lines)
    if (cost === 0) return []
    const costWith = (repairs: readonly Repair[]) => this.#judge(repairs.reduce(applied, this.lines)).cost
    for (const all of Map.groupBy(suspicions(this.lines).slice(0, maxGuesses), ({ cause }) => cause).values()) {
      let needed: readonly Repair[] = all
      let least = costWith(all)
      if (least >= cost) continue
      for (const each of all) {
        const others = needed.filter((repair) => repair !== each)
        const without = costWith(others)
        if (without <= least) [needed, least] = [others, without]
      }
      return needed
    }
    return []
  }

  /** How wrong it is; as if nothing could be worse once too much was read. */
  #judge(lines: readonly string[]): Judgement {
    if (this.#mayRead < 0) return { cost: Infinity, errorLines: [] }
    this.#mayRead -= lettersIn(lines)
    return judge(lines, this.#schema)
  }
}

function lettersIn(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0)
}

interface Judgement {
  readonly cost: number
  /** Of the first errors of the parser. */
  readonly errorLines: readonly number[]
}

/** How much is wrong: what cannot be read weighs most, then what is no object of any kind, then fields. */
function judge(lines: readonly string[], schema: Schema): Judgement {
  const source = new Source('', lines.join('\n'))
  const documents = documentsIn(source.text)
  const errors = documents.flatMap(({ document }) => document.errors)
  const cost = documents.reduce((sum, document) => sum + costOf(document, source, schema), 0)
  return { cost: cost + errors.length * 1_000, errorLines: errors.slice(0, 2).map(({ pos: [at] }) => source.place(at).line) }
}

function costOf({ document, objects }: ManifestDocument, source: Source, schema: Schema): number {
  const costs = objects.map((object) => {
    const { form, findings } = identify(object, source)
    if (form === undefined) return findings.some(({ reason }) => reason === 'NoObject') ? 200 : 100
    return 10 * findings.length + misfitsOf(object, form.schema, { document, schema }).length
  })
  return costs.reduce((sum, cost) => sum + cost, 0)
}

/** One for each place: a line may have been put right in two steps. */
function merged(repairs: readonly Repair[], final: readonly string[]): readonly Repair[] {
  const first = [...new Map(repairs.toReversed().map((repair) => [`${repair.line} ${repair.reason}`, repair])).values()]
  return first
    .map((repair) => ({ ...repair, lines: final.slice(repair.line - 1, repair.line - 1 + repair.lines.length) }))
    .sort((a, b) => a.line - b.line)
}
