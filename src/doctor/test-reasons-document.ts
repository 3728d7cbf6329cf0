import { join } from 'node:path'
import type { Finding } from './finding.ts'
import { findingLines } from './report.ts'

/** What a document says of reasons. */
export interface ReasonsDocument {
  readonly title: string
  readonly intro: string
  /** In the order in which they are told. */
  readonly reasons: readonly string[]
  /** Found in tests; the first of each reason is shown. */
  readonly findings: readonly Finding[]
}

/** The path of a document below docs/doctor/, which is written anew by `npx vitest run --project unit src/doctor -u`. */
export function documentFile(name: string): string {
  return join(import.meta.dirname, '../../docs/doctor', name)
}

/** Every reason, in its order, with what is printed. Throws if no test finds one, or finds others. */
export function reasonsDocument({ title, intro, reasons, findings }: ReasonsDocument): string {
  const unknown = findings.find(({ reason }) => !reasons.includes(reason))
  if (unknown !== undefined) throw new Error(`${unknown.reason} is not in the list of reasons`)
  const sections = reasons.map((reason) => {
    const finding = findings.find((each) => each.reason === reason)
    if (finding === undefined) throw new Error(`no test finds ${reason}`)
    return ['', `## ${reason}`, '', '```', ...findingLines(finding, 0), '```'].join('\n')
  })
  return `${[`# ${title}`, '', intro, ...sections].join('\n')}\n`
}
