import { InvalidArgumentError } from 'commander'

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of `90s`, `30m`, `24h` or `7d`. Throws commander's error, with the examples that the option has. */
export function timeSpan(text: string, examples = '30m, 24h or 7d'): number {
  const [, digits, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  if (digits === undefined) throw new InvalidArgumentError(`Give a time such as ${examples}.`)
  return Number(digits) * (unitSeconds[unit] ?? 1)
}
