import type { Pod } from '../../api/kinds/pod.ts'
import type { Container } from '../cri/runtime.ts'
import { containerHash, hashOf } from './labels.ts'
import { healthy, type Health } from './memory.ts'
import type { Situation } from './outlook.ts'
import { restartPolicyOf, type PodContainer } from './spec.ts'

/** Why a container that runs must be stopped, and how long it gets to end by itself. */
export interface Replacement {
  readonly message: string
  readonly graceSeconds: number
}

/** Undefined if it may run on. */
export function replacementOf({ pod, memory }: Situation, container: PodContainer, run: Container): Replacement | undefined {
  const name = nameOf(container)
  if (run.state === 'unknown') {
    const kind = container.role === 'main' ? 'Container' : 'Init container'
    return { message: `${kind} is in "unknown" state, try killing it before restart`, graceSeconds: graceOf(pod) }
  }
  const hash = hashOf(run)
  if (hash !== undefined && hash !== containerHash(container.spec)) {
    const message = container.role === 'main' ? `${name} definition changed, will be restarted` : `${name} definition changed`
    return { message, graceSeconds: graceOf(pod) }
  }
  const { failedProbe } = memory.health.get(run.id) ?? healthy
  if (failedProbe === undefined) return undefined
  const isRestarted = container.role === 'main' && restartPolicyOf(pod, container) !== 'Never'
  const message = `${name} failed ${failedProbe} probe${isRestarted ? ', will be restarted' : ''}`
  return { message, graceSeconds: probeGraceOf(container, failedProbe) ?? graceOf(pod) }
}

function nameOf({ spec, role }: PodContainer): string {
  return `${role === 'main' ? 'Container' : 'Init container'} ${spec.name}`
}

function graceOf({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? 30
}

/** A probe may give a container that it has failed another time than the pod's (KEP-2238). */
function probeGraceOf({ spec }: PodContainer, probe: NonNullable<Health['failedProbe']>): number | undefined {
  const { startupProbe, livenessProbe } = spec
  return { startup: startupProbe, liveness: livenessProbe }[probe]?.terminationGracePeriodSeconds
}
