/** What differs from one run to the next, and what takes its place. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z\b/g, 'TIME'],
  [/\b(?:10|172|192|203)\.\d+\.\d+\.\d+\b/g, 'ADDRESS'],
  [/-(?:[bcdfghjklmnpqrstvwxz2456789]{6,10}-)?[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-XXXXX'],
  [/\b\d+(?:\.\d+)? ?(?:ms|µs|s|m|h|d)(?:\d+(?:s|m|h))?\b/g, 'TIME'],
  [/(?<=ADDRESS:)\d{5}\b/g, 'PORT'],
  [/\b3[0-2]\d{3}\b/g, 'NODEPORT'],
  [/\bveth[0-9a-f]+\b/g, 'VETH'],
  // Of pools in the proxy's maps.
  [/\b[0-9a-f]{1,4}:[0-9a-f]{1,4}(?= \. )|(?<= : )[0-9a-f]{1,4}:[0-9a-f]{1,4}$/g, 'CODE'],
]

/** A line without what differs from run to run: addresses, times, drawn names and ports, and width of columns. */
function alike(line: string): string {
  return volatile.reduce((text, [pattern, word]) => text.replace(pattern, word), line).replace(/\s+/g, ' ').trim()
}

/** How far what a document shows was found in an output. */
export interface Comparison {
  /** The first line that is not there after those before it, if there is one. */
  readonly missing: string | undefined
  /** Lines that were found, as they are shown and as they are. */
  readonly found: readonly (readonly [shown: string, real: string])[]
}

/** `…` alone stands for any number of lines, and at the end of a line for its rest. */
export function compare(shown: readonly string[], output: string): Comparison {
  const lines = output.split('\n')
  const found: [string, string][] = []
  let at = 0
  for (const line of shown) {
    const wanted = alike(line)
    if (wanted === '' || wanted === '…') continue
    const isIt = wanted.endsWith('…') ? (real: string) => real.startsWith(wanted.slice(0, -1).trim()) : (real: string) => real === wanted
    const offset = lines.slice(at).findIndex((real) => isIt(alike(real)))
    if (offset < 0) return { missing: line, found }
    found.push([line, lines[at + offset] ?? ''])
    at += offset + 1
  }
  return { missing: undefined, found }
}
