/** A change of lines that may put a manifest right. The number of lines stays the same. */
export interface Repair {
  readonly reason: 'LookalikeCharacter' | 'TabInIndentation' | 'MissingBlank' | 'MissingColon' | 'StrayCharacter' | 'WrongIndentation'
  readonly cause: string
  readonly fix: string
  /** Of the first changed line, counted from 1. */
  readonly line: number
  readonly column: number
  /** What the lines from there on are to be. */
  readonly lines: readonly string[]
}

export function applied(lines: readonly string[], repair: Repair): readonly string[] {
  const from = repair.line - 1
  return [...lines.slice(0, from), ...repair.lines, ...lines.slice(from + repair.lines.length)]
}
