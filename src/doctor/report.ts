import type { Check, Diagnosis, Finding } from './finding.ts'

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
  const heading = findings.length === 1 ? 'the cause:' : 'likely causes, the likeliest first:'
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

function findingLines({ reason, cause, evidence, fix, command }: Finding, index: number): readonly string[] {
  return [
    `${index + 1}. ${cause} (${reason})`,
    ...evidence.map((fact) => `     seen: ${fact}`),
    `     fix:  ${fix}`,
    `           $ ${command}`,
  ]
}
