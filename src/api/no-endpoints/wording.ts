import type { Pod } from '../kinds/pod.ts'

const maxNamed = 3

/** `1 pod`, `2 pods`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** `web-1`, `web-1, web-2`, and no more than three by name: `web-1, web-2, web-3 and 4 more`. */
export function podNames(pods: readonly Pod[]): string {
  return listed(pods.map(({ metadata }) => metadata.name))
}

export function listed(words: readonly string[]): string {
  const named = words.slice(0, maxNamed).join(', ')
  return words.length > maxNamed ? `${named} and ${words.length - maxNamed} more` : named
}

/** One line of what a program printed, cut to a length that fits an Event. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
