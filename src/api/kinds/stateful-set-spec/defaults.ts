/** Defaults of StatefulSets, as pkg/apis/apps/v1/defaults.go and conversion.go fill them in. */
import type { StatefulSet } from '../stateful-set.ts'
import { setTemplateDefaults } from '../workload-spec/template.ts'
import type { Spec, Strategy } from './types.ts'

export function setStatefulSetDefaults(set: StatefulSet): void {
  const spec: Spec = (set.spec ??= {} as StatefulSet['spec'])
  if ((spec.podManagementPolicy ?? '') === '') spec.podManagementPolicy = 'OrderedReady'
  setStrategyDefaults((spec.updateStrategy ??= {}))
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  if ((retention.whenDeleted ?? '') === '') retention.whenDeleted = 'Retain'
  if ((retention.whenScaled ?? '') === '') retention.whenScaled = 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  setTemplateDefaults(spec)
  set.status ??= { replicas: 0 }
}

function setStrategyDefaults(strategy: Strategy): void {
  if ((strategy.type ?? '') === '') {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type !== 'RollingUpdate' || strategy.rollingUpdate === undefined) return
  strategy.rollingUpdate.partition ??= 0
  strategy.rollingUpdate.maxUnavailable ??= 1
}
