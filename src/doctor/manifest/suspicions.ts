import { misprints, type Misprint } from './misprints.ts'
import { PlainText } from './plain-lines.ts'
import type { Repair } from './repair.ts'

/** The first misprint that is certain; undefined if there is none. */
export function certainRepair(lines: readonly string[]): Repair | undefined {
  for (const repair of misprinted(lines, ({ isCertain }) => isCertain)) return repair
  return undefined
}

/** Misprints that there may be. */
export function suspicions(lines: readonly string[]): readonly Repair[] {
  return [...misprinted(lines, ({ isCertain }) => !isCertain)]
}

function* misprinted(lines: readonly string[], counts: (misprint: Misprint) => boolean): Generator<Repair> {
  const plain = new PlainText(lines.join('\n'))
  let start = 0
  for (const [index, line] of lines.entries()) {
    for (const misprint of misprints.filter(counts)) {
      const { find, reason, cause, fix } = misprint
      const found = find(line)
      if (found === undefined || !plain.has(start + found.column - 1)) continue
      yield { reason, cause, fix, line: index + 1, column: found.column, lines: [found.line] }
    }
    start += line.length + 1
  }
}

/** As far back as structure is looked for that a line may belong to. */
const maxLinesBack = 40

/** Other indentations that a line may have been meant to have: it alone, or with what is indented below it. */
export function reindentations(lines: readonly string[], line: number): readonly Repair[] {
  const text = lines[line - 1] ?? ''
  if (text.trim() === '' || text.trimStart().startsWith('#')) return []
  const own = indentOf(text)
  const before = lines.slice(Math.max(line - 1 - maxLinesBack, 0), line - 1)
  const levels = new Set(before.flatMap(levelsOf))
  const blockEnd = lines.findIndex((each, index) => index >= line && each.trim() !== '' && indentOf(each) <= own)
  const block = lines.slice(line - 1, blockEnd < 0 ? lines.length : blockEnd)
  return [...levels].filter((level) => level !== own).sort((a, b) => Math.abs(a - own) - Math.abs(b - own)).flatMap((level) => {
    const alone = repairOf(line, [shifted(text, level - own)], level)
    return block.length === 1 ? [alone] : [repairOf(line, block.map((each) => shifted(each, level - own)), level), alone]
  })
}

function repairOf(line: number, lines: readonly string[], level: number): Repair {
  return {
    reason: 'WrongIndentation',
    cause: 'The line is indented otherwise than those that it belongs to',
    fix: level === 0 ? 'begin the line at its first column' : `indent it by ${level} blanks`,
    line,
    column: 1,
    lines,
  }
}

/** Where the line begins, where what is behind a dash does, and where fields below it would. */
function levelsOf(line: string): readonly number[] {
  if (line.trim() === '') return []
  const own = indentOf(line)
  const inner = /^ *(?:- +)+/.exec(line)?.[0].length ?? own
  return [...new Set([own, inner, inner + 2])]
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function shifted(line: string, by: number): string {
  if (line.trim() === '') return line
  return `${' '.repeat(Math.max(indentOf(line) + by, 0))}${line.trimStart()}`
}
