/** What differs from one run to the next, and what takes its place. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z\b/g, 'TIME'],
  [/\b(?:10|172|192|203)\.\d+\.\d+\.\d+\b/g, 'ADDRESS'],
  [/-(?:[bcdfghjklmnpqrstvwxz2456789]{6,10}-)?[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-XXXXX'],
  [/\b\d+(?:\.\d+)? ?(?:ms|µs|s|m|h|d)(?:\d+(?:s|m|h))?\b/g, 'TIME'],
  [/\b3[0-2]\d{3}\b/g, 'NODEPORT'],
]

/** A line without what differs from run to run: addresses, times, drawn names and ports, and width of columns. */
function alike(line: string): string {
  return volatile.reduce((text, [pattern, word]) => text.replace(pattern, word), line).replace(/\s+/g, ' ').trim()
}

/**
 * The first line of what a document shows that is not in the output after those before it, or undefined. `…` alone stands for any
 * number of lines, and at the end of a line for its rest.
 */
export function firstMissing(shown: readonly string[], output: string): string | undefined {
  const lines = output.split('\n').map(alike)
  let at = 0
  for (const line of shown) {
    const wanted = alike(line)
    if (wanted === '' || wanted === '…') continue
    const isIt = wanted.endsWith('…') ? (found: string) => found.startsWith(wanted.slice(0, -1).trim()) : (found: string) => found === wanted
    const offset = lines.slice(at).findIndex(isIt)
    if (offset < 0) return line
    at += offset + 1
  }
  return undefined
}
