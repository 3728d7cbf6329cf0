/** A command as a document shows it, and what the document says that it prints. */
export interface ShownCommand {
  readonly text: string
  readonly output: readonly string[]
}

/** A block of a document that shows somebody at a shell. */
export interface Session {
  /** Where the block begins in the document, from 1. */
  readonly line: number
  readonly commands: readonly ShownCommand[]
  /** Whether the last command is to fail. */
  readonly isToFail: boolean
  /** Why a test cannot run it; undefined if it can. */
  readonly elsewhere: string | undefined
}

const prompt = '# '
const untested = 'a command outside of a block of the language console, which no test runs'
const fence = /^\s*```\s*(.*)$/

/**
 * The sessions of a Markdown text: its blocks of the language `console`. A line with the prompt `# ` is a command, which goes
 * on after a backslash; other lines are output. After the language may stand `fails`, if the last command does, or
 * `elsewhere: REASON`, if it takes more than a test has.
 *
 * Throws an Error that names the line for commands that are shown in another way, and for a block that says something else.
 */
export function sessionsIn(markdown: string): readonly Session[] {
  const indented = markdown.split('\n').findIndex((each) => /^ {4}(\.\/portolan|kubectl|npm|curl)\b/.test(each))
  if (indented >= 0) throw new Error(`line ${indented + 1}: ${untested}`)
  return blocksIn(markdown).flatMap(({ line, info, lines }) => {
    const [language = '', ...words] = info.split(' ')
    if (language === 'console') return [sessionOf(line, words.join(' '), lines)]
    const hidden = lines.findIndex((each) => /^[#$] (\.\/portolan|kubectl|npm|curl)\b/.test(each))
    if (hidden >= 0) throw new Error(`line ${line + 1 + hidden}: ${untested}`)
    return []
  })
}

interface Block {
  readonly line: number
  readonly info: string
  readonly lines: readonly string[]
}

function blocksIn(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, info] = fence.exec(text) ?? []
    if (info === undefined) open?.lines.push(text)
    else if (open === undefined) open = { line: index + 1, info, lines: [] }
    else {
      blocks.push(open)
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block has no end`)
  return blocks
}

function sessionOf(line: number, remark: string, lines: readonly string[]): Session {
  const elsewhere = /^elsewhere: (.+)$/.exec(remark)?.[1]
  if (remark !== '' && remark !== 'fails' && elsewhere === undefined) {
    throw new Error(`line ${line}: expected nothing, fails or elsewhere: REASON after console, found ${JSON.stringify(remark)}`)
  }
  const commands: { text: string; output: string[] }[] = []
  let isContinued = false
  for (const [index, text] of lines.entries()) {
    const last = commands.at(-1)
    if (isContinued && last !== undefined) last.text += `\n${text}`
    else if (text.startsWith(prompt)) commands.push({ text: text.slice(prompt.length), output: [] })
    else if (last !== undefined) last.output.push(text)
    else throw new Error(`line ${line + 1 + index}: output before the first command, which begins with ${JSON.stringify(prompt)}`)
    isContinued = text.endsWith('\\')
  }
  return { line, commands, isToFail: remark === 'fails', elsewhere }
}
