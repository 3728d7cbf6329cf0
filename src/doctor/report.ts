import type { Check, Diagnosis, Finding, Place } from './finding.ts'

/** `good` and `bad` colour what they are given, or do not. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  faint(text: string): string
}

/** The diagnosis as people read it. Pure. */
export function reportOf(diagnoses: readonly Diagnosis[], paint: Paint): string {
  return diagnoses.map((diagnosis) => oneReport(diagnosis, paint)).join('\n\n')
}

function oneReport({ subject, checks, advice, findings }: Diagnosis, paint: Paint): string {
  const lines = [subject, ...checks.map((check) => checkLine(check, paint))]
  const hints = advice.map((text) => `  ${paint.faint(`· ${text}`)}`)
  if (findings.length === 0) return [...lines, ...hints, paint.good('healthy')].join('\n')
  const isText = findings.some(({ place }) => place !== undefined)
  const several = isText ? `${findings.length} mistakes:` : 'likely causes, the likeliest first:'
  const heading = findings.length > 1 ? several : isText ? 'the mistake:' : 'the cause:'
  return [...lines, paint.bad(heading), ...findings.flatMap(findingLines)].join('\n')
}

function checkLine({ outcome, text }: Check, { good, bad, faint }: Paint): string {
  switch (outcome) {
    case 'passed':
      return `  ${good('✔')} ${text}`
    case 'failed':
      return `  ${bad('✘')} ${text}`
    case 'skipped':
      return `  ${faint(`- ${text}`)}`
    default:
      return outcome satisfies never
  }
}

export function findingLines({ reason, cause, evidence, fix, command, place, corrected = [] }: Finding, index: number): readonly string[] {
  return [
    `${index + 1}. ${cause} (${reason})`,
    ...(place === undefined ? [] : placeLines(place)),
    ...evidence.map((fact) => `     seen: ${fact}`),
    `     fix:  ${fix}`,
    ...corrected.map((line) => `           ${line}`),
    ...(command === undefined ? [] : [`           $ ${command}`]),
  ]
}

/** More of a long line than this around the place says no more. */
const maxShown = 120

/** The line, with a mark below the column. Tabs and wide letters are as wide in both. */
function placeLines({ file, line, column, text }: Place): readonly string[] {
  const from = Math.max(column - 1 - maxShown, 0)
  const shown = text.slice(from, column - 1 + maxShown)
  const before = Array.from(text.slice(from, column - 1), (letter) => (letter === '\t' ? '\t' : isWide(letter) ? '  ' : ' ')).join('')
  return [`     at:   ${file}, line ${line}, column ${column}`, `           ${shown}`, `           ${before}^`]
}

function isWide(letter: string): boolean {
  return /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter)
}
