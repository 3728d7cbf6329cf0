import type { Pair } from 'yaml'
import { rangeOf } from './documents.ts'
import type { Path } from './path.ts'
import type { Source } from './source.ts'

/** More lines than this of a correction say no more. */
const maxLines = 8

/** A field with its value as it is written, moved to where a path leads: `spec:`, `  selector:`, … */
export function movedTo(path: Path, pair: Pair, source: Source): readonly string[] {
  const lines: string[] = []
  let indent = ''
  let dash = ''
  for (const step of path.slice(0, -1)) {
    if (typeof step === 'number') {
      dash = '- '
      continue
    }
    lines.push(`${indent}${dash}${step}:`)
    indent = `${indent}${' '.repeat(dash.length)}  `
    if (dash !== '') dash = ''
  }
  return cut([...lines, ...indented(blockOf(pair, source), indent, dash)])
}

/** The fields of a value as the one item of a list. */
export function asItem(pair: Pair, source: Source): readonly string[] {
  const [key = '', ...rest] = blockOf(pair, source)
  const block = dedented(rest)
  return cut([key, ...indented(block, '  ', '- ')])
}

/** The lines of a field, the first without what stands before it, the others moved by as much. */
function blockOf(pair: Pair, source: Source): readonly string[] {
  const [start, keyEnd] = rangeOf(pair.key)
  const end = Math.max(keyEnd, rangeOf(pair.value)[1])
  const first = source.place(start)
  const lastLine = source.place(Math.max(end - 1, start)).line
  const rest = source.lines.slice(first.line, lastLine)
  const text = first.line === lastLine ? source.text.slice(start, end) : first.text.slice(first.column - 1)
  return [text, ...rest.map((line) => line.replace(new RegExp(`^ {0,${first.column - 1}}`), '').trimEnd())]
}

function dedented(lines: readonly string[]): readonly string[] {
  const least = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(Number.isFinite(least) ? least : 0))
}

function indented(lines: readonly string[], indent: string, dash: string): readonly string[] {
  return lines.map((line, index) => `${indent}${index === 0 ? dash : ' '.repeat(dash.length)}${line}`)
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length > maxLines ? [...lines.slice(0, maxLines - 1), '…'] : lines
}
