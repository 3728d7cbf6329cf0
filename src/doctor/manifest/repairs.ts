import type { Schema } from '../../api/schema/schema.ts'
import { documentsIn, type ManifestDocument } from './documents.ts'
import { identify } from './identify.ts'
import { misfitsOf } from './misfits.ts'
import { applied, type Repair } from './repair.ts'
import { Source } from './source.ts'
import { certainRepair, reindentations, suspicions } from './suspicions.ts'

/** A manifest that needs more than this is not worth guessing at. */
const maxRepairs = 20
/** How many guesses are judged for one repair. */
const maxGuesses = 200
const maxCertain = 500

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
  let lines: readonly string[] = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const repairs: Repair[] = []
  const accept = (repair: Repair) => {
    repairs.push(repair)
    lines = applied(lines, repair)
  }
  for (let certain = certainRepair(lines); certain !== undefined && repairs.length < maxCertain; certain = certainRepair(lines)) accept(certain)
  for (let count = 0; count < maxRepairs; count += 1) {
    const best = bestGuess(lines, schema)
    const found = best === undefined ? sameMisprints(lines, schema) : [best]
    if (found.length === 0) break
    found.forEach(accept)
  }
  return { text: lines.join('\n'), repairs: merged(repairs, lines) }
}

/** The guess after which least is wrong; undefined if none makes it better. */
function bestGuess(lines: readonly string[], schema: Schema): Repair | undefined {
  const judged = judge(lines, schema)
  if (judged.cost === 0) return undefined
  const suspects = judged.errorLines.flatMap((line) => [line, line - 1, line + 1]).filter((line) => line >= 1)
  const isNear = ({ line }: Repair) => suspects.some((suspect) => Math.abs(suspect - line) <= 2)
  const [near = [], far = []] = [suspicions(lines)].flatMap((all) => [all.filter(isNear), all.filter((each) => !isNear(each))])
  const guesses = [...near, ...[...new Set(suspects)].flatMap((line) => reindentations(lines, line)), ...far]
  let best: { readonly repair: Repair; readonly cost: number } | undefined
  for (const repair of guesses.slice(0, maxGuesses)) {
    const { cost } = judge(applied(lines, repair), schema)
    if (cost < (best?.cost ?? judged.cost)) best = { repair, cost }
  }
  return best?.repair
}

/** Misprints of one sort that only together make sense of the text, without those that have no part in it. */
function sameMisprints(lines: readonly string[], schema: Schema): readonly Repair[] {
  const { cost } = judge(lines, schema)
  if (cost === 0) return []
  const costWith = (repairs: readonly Repair[]) => judge(repairs.reduce(applied, lines), schema).cost
  for (const all of Map.groupBy(suspicions(lines).slice(0, maxGuesses), ({ cause }) => cause).values()) {
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

/** How much is wrong: what cannot be read weighs most, then what is no object of any kind, then fields. */
function judge(lines: readonly string[], schema: Schema): { readonly cost: number; readonly errorLines: readonly number[] } {
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
