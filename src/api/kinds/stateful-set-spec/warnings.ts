import { fractionalBytes } from '../pod-spec/container-warnings.ts'
import { warningsForTemplate } from '../pod-spec/warnings.ts'
import type { StatefulSet } from '../stateful-set.ts'
import type { ClaimTemplate } from './types.ts'

const keepsAll =
  'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'

export function warningsForStatefulSet(next: StatefulSet, previous: StatefulSet | undefined): string[] {
  const { revisionHistoryLimit = 0, volumeClaimTemplates = [] } = next.spec
  return [
    ...warningsForTemplate(next, previous),
    ...volumeClaimTemplates.flatMap((claim, index) => claimWarnings(claim, `spec.volumeClaimTemplates[${index}]`)),
    ...(revisionHistoryLimit < 0 ? [keepsAll] : []),
  ]
}

function claimWarnings({ spec }: ClaimTemplate, path: string): string[] {
  return fractionalBytes(spec?.resources?.requests, ['storage'], `${path}.resources.requests`)
}
