import { warningsForTemplate } from '../pod-spec/warnings.ts'
import type { StatefulSet } from '../stateful-set.ts'

const keepsAll =
  'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'

export function warningsForStatefulSet(next: StatefulSet, previous: StatefulSet | undefined): string[] {
  const { revisionHistoryLimit = 0 } = next.spec
  return [
    ...warningsForTemplate(next, previous),
    ...(revisionHistoryLimit < 0 ? [keepsAll] : []),
  ]
}
