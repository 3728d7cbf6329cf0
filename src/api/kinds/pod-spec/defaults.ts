/** Defaults of pods and pod templates, as pkg/apis/core/v1/defaults.go fills them in. */
import { setContainerDefaults, setHostPorts, setRequestsFromLimits } from './container-defaults.ts'
import type { Container, PodSpec } from './types.ts'
import { setVolumeDefaults } from './volume-defaults.ts'

/** What pods and templates have in common. */
export function setPodSpecDefaults(spec: PodSpec): void {
  if ((spec.dnsPolicy ?? '') === '') spec.dnsPolicy = 'ClusterFirst'
  if ((spec.restartPolicy ?? '') === '') spec.restartPolicy = 'Always'
  if ((spec.schedulerName ?? '') === '') spec.schedulerName = 'default-scheduler'
  spec.terminationGracePeriodSeconds ??= 30
  spec.securityContext ??= {}
  setAccount(spec, spec.serviceAccountName || spec.serviceAccount || '')
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume)
  for (const container of containersOf(spec)) setContainerDefaults(container)
}

/** What only a Pod itself gets. */
export function setPodDefaults(spec: PodSpec): void {
  setPodSpecDefaults(spec)
  setAccount(spec, spec.serviceAccountName || 'default')
  spec.enableServiceLinks ??= true
  for (const container of containersOf(spec)) {
    setRequestsFromLimits(container)
    if (spec.hostNetwork === true) setHostPorts(container)
  }
}

/** Under its name of old as well. */
function setAccount(spec: PodSpec, account: string): void {
  if (account === '') return
  spec.serviceAccountName = account
  spec.serviceAccount = account
}

function containersOf({ initContainers = [], containers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers]
}
