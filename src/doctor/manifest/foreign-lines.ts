import type { Finding } from '../finding.ts'
import { PlainText } from './plain-lines.ts'
import type { Source } from './source.ts'

/** Lines that are of something else than a manifest, with which nothing after them can be understood. */
const foreign: readonly { readonly pattern: RegExp; readonly cause: string; readonly fix: string }[] = [
  { pattern: /\{\{/, cause: 'This is a template, as of Helm, and no manifest yet: braces stand where values are to come', fix: 'render it first, as with helm template, and give what comes of that' },
  { pattern: /^(<{7}|={7}|>{7})( |$)/, cause: 'The line is a mark of a merge that was not finished', fix: 'decide for one of the versions and delete the marks' },
  { pattern: /^```/, cause: 'The line is a mark of Markdown, around the manifest', fix: 'leave it out' },
  { pattern: /^[$%] \S/, cause: 'The line is of a shell, copied with the manifest', fix: 'leave it out' },
]

/** The first such line. */
export function foreignLine(source: Source): Finding | undefined {
  const plain = new PlainText(source.text)
  let start = 0
  for (const [index, line] of source.lines.entries()) {
    for (const { pattern, cause, fix } of foreign) {
      const at = line.search(pattern)
      if (at >= 0 && plain.has(start + at)) return { reason: 'ForeignLine', cause, evidence: [], fix, place: source.at(index + 1, at + 1) }
    }
    start += line.length + 1
  }
  return undefined
}
