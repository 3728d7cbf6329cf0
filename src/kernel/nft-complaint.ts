/** How much of nft's complaint an error carries; it quotes the offending line below each. */
const quotedLines = 6

/** What an error carries of nft's standard error. */
export function quote(complaint: string): string {
  return complaint.trim().split('\n').slice(0, quotedLines).join('\n')
}

/** The same of a complaint about a file that was included, without a word of that file: `1:34-55: Error: …`. */
export function quoteIncluded(complaint: string, file: string): string {
  const lines = complaint.split('\n')
  const isAboutInclude = (line = '') => line === includeLine(file)
  return quote(
    lines
      // What ends too early is quoted as the line that includes it, with a mark below.
      .filter((line, index) => !isAboutInclude(line) && !isAboutInclude(lines[index - 1]))
      .filter((line) => !line.startsWith('In file included from '))
      .map((line) => (line.startsWith(`${file}:`) ? line.slice(file.length + 1) : line))
      .join('\n'),
  )
}

export function includeLine(file: string): string {
  return `include "${file}"`
}
