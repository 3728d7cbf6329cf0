/** Two texts of so many changes of letters may be a misprint of each other; short ones of fewer. */
const misprintDistance = 2
const shortLength = 3

/** Whether one may be meant for the other: with a misprint, or shortened. */
export function resembles(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return isMisprint(a, b) || (short.length >= 3 && long.startsWith(short))
}

/** Whether they differ by case or by a letter or two. */
export function isMisprint(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true
  const [short, long] = a.length < b.length ? [a.length, b.length] : [b.length, a.length]
  const most = short > shortLength ? misprintDistance : 1
  return short >= shortLength && long - short <= most && editDistance(a, b) <= most
}

/** The one that resembles the text most; undefined if none does. */
export function mostResembling(text: string, candidates: Iterable<string>): string | undefined {
  const near = [...candidates].filter((candidate) => resembles(text, candidate))
  const distance = (candidate: string) => editDistance(text.toLowerCase(), candidate.toLowerCase())
  return near.sort((a, b) => distance(a) - distance(b))[0]
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (let at = 0; at < b.length; at += 1) {
      const change = (row[at] ?? 0) + (b[at] === letter ? 0 : 1)
      next.push(Math.min(change, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
